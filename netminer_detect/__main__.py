"""`python -m netminer_detect` is the command line."""

import sys

from netminer_detect.cli import main

sys.exit(main())
