"""`make test`: what needs no space and the end-to-end tests, side by side.

The end-to-end tests wait most of the time, so the others run beside them at the lowest priority; what they print is
shown when they have ended. Exits 1 when either fails.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from types import FrameType
from typing import NoReturn

PYTEST = (sys.executable, "-m", "pytest")
WITHOUT_SPACES = ("-n", "2", "--dist", "loadfile", "-m", "not e2e and not long")
END_TO_END = ("-m", "e2e and not long and not kill and not adversity", "--durations=25")
LOWEST_PRIORITY = 19


def main() -> int:
    """Run both parts; return the exit status."""
    with tempfile.TemporaryFile() as output:
        beside = subprocess.Popen(
            [*PYTEST, *WITHOUT_SPACES],
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        _lower_priority(beside.pid)
        signal.signal(signal.SIGTERM, _interrupted)
        try:
            end_to_end = subprocess.run([*PYTEST, *END_TO_END], check=False).returncode
            without_spaces = beside.wait()
        finally:
            if beside.poll() is None:
                os.killpg(beside.pid, signal.SIGTERM)
        output.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(output.read())
    return 1 if end_to_end or without_spaces else 0


def _lower_priority(pid: int) -> None:
    """Have a process and what it starts run only when no other wants to: within its session, and as a session."""
    os.setpriority(os.PRIO_PROCESS, pid, LOWEST_PRIORITY)
    with contextlib.suppress(OSError):  # only Linux schedules sessions as groups
        Path(f"/proc/{pid}/autogroup").write_text(str(LOWEST_PRIORITY))


def _interrupted(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
