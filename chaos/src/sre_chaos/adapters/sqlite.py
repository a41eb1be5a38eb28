"""The SQLite file of a service, opened by another process than the service: fulfils `ports.Database`."""

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sre_chaos.errors import NoTarget
from sre_chaos.ports import REFUSAL, TABLE, TRIGGER

WAIT_S = 30.0


@dataclass(frozen=True)
class SqliteFile:
    """The database of `service` in the file at `path`."""

    service: str
    path: Path

    def require(self) -> None:
        """Raise `NoTarget` when there is no such file: opening it would make one."""
        if not self.path.exists():
            raise NoTarget(f"{self.service} has no SQLite database at {self.path}")

    def hold_writes(self, seconds: float) -> None:
        """Hold the write lock of the file."""
        with self._connected() as database:
            database.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            database.execute("ROLLBACK")

    def refuse_inserts(self, percent: int) -> None:
        """Create a trigger that raises for a share of the inserts."""
        self.require()
        with self._connected() as database:
            database.execute(
                f"CREATE TRIGGER IF NOT EXISTS {TRIGGER} BEFORE INSERT ON {TABLE} "
                f"WHEN abs(random()) % 100 < {percent} BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
            )

    def stop_refusing(self) -> None:
        """Drop the trigger."""
        with self._connected() as database:
            database.execute(f"DROP TRIGGER IF EXISTS {TRIGGER}")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self.path, WAIT_S, isolation_level=None)) as database:
            yield database
