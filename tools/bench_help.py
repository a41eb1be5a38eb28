"""How long `sre-space --help` and its neighbours take: medians of ten runs each. Run by `make bench-help`.

The processor's time says the same on a machine that is busy with other things.
"""

import resource
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
        passed, worked = (statistics.median(one) for one in zip(*(_seconds(words) for _ in range(RUNS)), strict=True))
        print(f"sre-space {' '.join(words):15} {passed:.2f} s, of which the processor worked {worked:.2f} s")


def _seconds(words: tuple[str, ...]) -> tuple[float, float]:
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([COMMAND, *words], capture_output=True, check=False)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


if __name__ == "__main__":
    main()
