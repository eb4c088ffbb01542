"""`python -m promptlab.simulator`."""

import sys

from promptlab.simulator._command import main

sys.exit(main(prog="python -m promptlab.simulator"))
