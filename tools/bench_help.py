"""How long `sre-space --help` and its neighbours take: the median of ten runs each. Run by `make bench-help`."""

import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("sre-space")
RUNS = 10
ASKED = (("--help",), ("--version",), ("status", "--help"), ("nonsense",))


def main() -> None:
    """Print a line for each command."""
    for words in ASKED:
        print(f"sre-space {' '.join(words):15} {statistics.median(_seconds(words) for _ in range(RUNS)):.2f} s")


def _seconds(words: tuple[str, ...]) -> float:
    begun = time.perf_counter()
    subprocess.run([COMMAND, *words], capture_output=True, check=False)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
