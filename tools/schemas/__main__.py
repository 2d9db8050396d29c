import sys

from tools.schemas.generator import main

sys.exit(main())
