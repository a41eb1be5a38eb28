"""Runs what `make test` runs: the end-to-end tests, and beside them all others with the lowest priority.

An end-to-end test waits most of its time, for a space that lives in real time; the others use the processor that it
leaves. Exits with 0 when both parts pass.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

PYTEST = (sys.executable, "-m", "pytest")
END_TO_END = ("-m", "e2e and not long and not kill and not adversity", "--durations=25")
OTHERS = ("-m", "not e2e and not long", "-n", "2", "--dist", "loadfile")
LOWEST = 19
AUTOGROUP = Path(
    "/proc/self/autogroup"
)  # Linux may share the processor by session before it looks at `nice` (sched(7))


def main() -> int:
    """Return 0 when all tests pass, else the exit status of a part that does not."""
    with tempfile.TemporaryFile() as output:
        others = subprocess.Popen([sys.executable, __file__, "--others"], stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True)  # fmt: skip
        try:
            end_to_end = subprocess.run([*PYTEST, *END_TO_END], check=False).returncode
            status = others.wait()
        finally:
            if others.poll() is None:
                os.killpg(others.pid, signal.SIGTERM)
                others.wait()
        output.seek(0)
        sys.stdout.buffer.write(output.read())
    return end_to_end or status


def run_others() -> None:
    """Become the tests without a space, at the lowest priority."""
    os.nice(LOWEST)
    with contextlib.suppress(OSError):
        AUTOGROUP.write_text(str(LOWEST))
    os.execv(sys.executable, [*PYTEST, *OTHERS])


if __name__ == "__main__":
    if "--others" in sys.argv:
        run_others()
    sys.exit(main())
