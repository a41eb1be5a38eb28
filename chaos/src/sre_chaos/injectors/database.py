"""Faults inside a service's database, from another process on the same SQLite file, without any hook in the service."""

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from sre_chaos import background
from sre_chaos.background import Stopped
from sre_chaos.run import Hit, Run
from sre_chaos.runtime import NoTarget

HOLD_S = 0.8  # how long the lock is held at a time: above any healthy statement, below the callers' time-outs
FREE_S = 0.15  # SQLite's waiters sleep up to 0.1 s between two attempts
WAIT_S = 30.0
TABLE, TRIGGER = "assessments", "assessments_quota"


def lock(run: Run) -> Hit:
    """Start a process that repeatedly holds the write lock: writers wait, readers do not."""
    _refuse_missing(run)
    background.start(run, "lock")
    return Hit(at=time.time_ns())


def unlock(run: Run, _: Mapping[str, str | int]) -> None:
    """End the process that holds the write lock."""
    background.stop(run, "lock")


def hold_lock(run: Run, stopped: Stopped, _: Sequence[str]) -> None:
    """Hold the write lock for `HOLD_S` again and again, until stopped."""
    with _connected(run) as database:
        while not stopped():
            database.execute("BEGIN IMMEDIATE")
            time.sleep(HOLD_S)
            database.execute("ROLLBACK")
            time.sleep(FREE_S)


def refuse(percent: int) -> Callable[[Run], Hit]:
    """Return an injector that creates a trigger in the database, which refuses a share of the inserts."""

    def inject(run: Run) -> Hit:
        _refuse_missing(run)
        with _connected(run) as database:
            database.execute(
                f"CREATE TRIGGER IF NOT EXISTS {TRIGGER} BEFORE INSERT ON {TABLE} "
                f"WHEN abs(random()) % 100 < {percent} "
                f"BEGIN SELECT RAISE(ABORT, 'the quota of table {TABLE} is used up'); END"
            )
        return Hit()

    return inject


def stop_refusing(run: Run, _: Mapping[str, str | int]) -> None:
    """Drop the trigger."""
    with _connected(run) as database:
        database.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}")


@contextlib.contextmanager
def _connected(run: Run) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(run.space.database(run.service), WAIT_S, isolation_level=None)) as database:
        yield database


def _refuse_missing(run: Run) -> None:
    path = run.space.database(run.service)
    if not path.exists():
        raise NoTarget(f"{run.service} has no SQLite database at {path}")
