"""Faults inside a service's database, from another process, without any hook in the service."""

import time
from collections.abc import Callable, Mapping, Sequence

from sre_chaos import background
from sre_chaos.background import Stopped
from sre_chaos.run import Hit, Run

HOLD_S = 0.8  # how long the lock is held at a time: above any healthy statement, below the callers' time-outs
FREE_S = 0.15  # SQLite's waiters sleep up to 0.1 s between two attempts


def lock(run: Run) -> Hit:
    """Start a process that repeatedly holds the write lock: writers wait, readers do not."""
    run.space.database(run.service).require()
    background.start(run, "lock")
    return Hit(at=time.time_ns())


def unlock(run: Run, _: Mapping[str, str | int]) -> None:
    """End the process that holds the write lock."""
    background.stop(run, "lock")


def hold_lock(run: Run, stopped: Stopped, _: Sequence[str]) -> None:
    """Hold the write lock for `HOLD_S` again and again, until stopped."""
    database = run.space.database(run.service)
    while not stopped():
        database.hold_writes(HOLD_S)
        time.sleep(FREE_S)


def refuse(percent: int) -> Callable[[Run], Hit]:
    """Return an injector after which the database refuses a share of the inserts."""

    def inject(run: Run) -> Hit:
        run.space.database(run.service).refuse_inserts(percent)
        return Hit()

    return inject


def stop_refusing(run: Run, _: Mapping[str, str | int]) -> None:
    """Let the database take all inserts again."""
    run.space.database(run.service).stop_refusing()
