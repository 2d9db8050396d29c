import sys

from tools.docs.generator import main

sys.exit(main())
