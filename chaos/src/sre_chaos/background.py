"""Background processes that sustain lasting faults: `python -m sre_chaos.duties DUTY CANARY SERVICE STATE ARGUMENTS`.

Each process holds a lock on its pid file for as long as it runs, so that ending it cannot hit another process with a
reused process id. It ends by itself with the space.
"""

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from sre_chaos.journal import Journal
from sre_chaos.run import Run
from sre_chaos.spaces import space_of

STARTED_WITHIN_S = 20.0
ENDED_WITHIN_S = 10.0
LOOK_EVERY_S = 0.02
SOURCE = Path(__file__).resolve().parents[1]

Stopped = Callable[[], bool]
Duty = Callable[[Run, Stopped, Sequence[str]], None]


def start(run: Run, duty: str, *arguments: str) -> None:
    """Start a duty in a process without a terminal, and return when it has begun."""
    words = ["-m", "sre_chaos.duties", duty, run.canary, run.service, str(run.space.state), *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "SRE_CHAOS_CANARY": run.canary}
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
    os.posix_spawn(sys.executable, [sys.executable, *words], environment, file_actions=nowhere, setsid=True)
    path, deadline = _pid_file(run, duty), time.monotonic() + STARTED_WITHIN_S
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_S)


def stop(run: Run, duty: str) -> None:
    """End a duty if it still runs, and return when it has ended."""
    path = _pid_file(run, duty)
    if not path.exists():
        return
    deadline = time.monotonic() + ENDED_WITHIN_S
    with path.open("r+") as file:
        while not _ended(file.fileno()) and time.monotonic() < deadline:
            file.seek(0)
            number = file.read()
            if number:  # the process runs, since it holds the lock: the number is its own
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(number), signal.SIGTERM)
            time.sleep(LOOK_EVERY_S)
    path.unlink(missing_ok=True)


def _ended(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _pid_file(run: Run, duty: str) -> Path:
    return Journal.of(run.space).folder / f"{run.canary}.{duty}.pid"


def serve(duties: Mapping[str, Duty], arguments: Sequence[str]) -> int:
    """Run a duty in this process, which writes its id to the pid file, until SIGTERM or until the space has ended."""
    name, canary, service, state, *rest = arguments
    run = Run(space_of(Path(state)), service, canary)
    received: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: received.append(number))
    path = _pid_file(run, name)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(str(os.getpid()))
        file.flush()
        duties[name](run, lambda: bool(received) or not run.space.alive(), rest)
        path.unlink(missing_ok=True)
    return 0
