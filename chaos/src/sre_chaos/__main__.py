"""`python -m sre_chaos`: the command of `trigger_chaos.py`."""

import sys

from sre_chaos.cli import main

if __name__ == "__main__":
    sys.exit(main())
