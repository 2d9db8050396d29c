import sys

from tools.release.version import main

sys.exit(main())
