"""The durations of `sre-space --help` and similar commands: medians of ten runs each. Run by `make bench-help`.

CPU time is comparable also when the machine is busy.
"""

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

COMMAND = Path(sys.executable).with_name("sre-space")
RUNS = 10
COMMANDS = (("--help",), ("--version",), ("status", "--help"), ("nonsense",))


def main() -> None:
    """Print the wall-clock and CPU seconds of each command."""
    for arguments in COMMANDS:
        wall_s, cpu_s = (
            statistics.median(seconds) for seconds in zip(*(_seconds(arguments) for _ in range(RUNS)), strict=True)
        )
        print(f"sre-space {' '.join(arguments):15} {wall_s:.2f} s, CPU {cpu_s:.2f} s")


def _seconds(arguments: tuple[str, ...]) -> tuple[float, float]:
    begun, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([COMMAND, *arguments], capture_output=True, check=False)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.perf_counter() - begun, now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime


if __name__ == "__main__":
    main()
