"""``python -m tools.contract``."""

import sys

from tools.contract.command import main

sys.exit(main())
