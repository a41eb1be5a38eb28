"""Injects a real fault into the running space: `python trigger_chaos.py kill [SERVICE]`. Needs Python only."""

import sys
from pathlib import Path

# The path is set before the import, so that no installation is needed.
sys.path.insert(0, str(Path(__file__).resolve().parent / "chaos" / "src"))

from sre_chaos.cli import main

if __name__ == "__main__":
    sys.exit(main())
