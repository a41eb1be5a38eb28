"""The PostgreSQL database of a service, as a role of its own: fulfils `ports.Database`.

The role is a member of the service's role, so that it may lock the service's tables and put a trigger on one.
"""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sre_chaos.errors import NoTarget
from sre_chaos.ports import REFUSAL, TABLE, TRIGGER

WAIT_S = 10
_FUNCTION = f"""CREATE OR REPLACE FUNCTION {TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF random() * 100 < TG_ARGV[0]::int THEN RAISE EXCEPTION '{REFUSAL}'; END IF;
  RETURN NEW;
END $$"""


@dataclass(frozen=True)
class PostgresDatabase:
    """The database of `service` at a URL, `postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE`.

    `written` is the table that its requests write first: whoever held several could deadlock with a request.
    """

    service: str
    url: str = field(repr=False)
    written: str = TABLE

    def require(self) -> None:
        """Raise `NoTarget` when the database does not let this role in."""
        with self._connected():
            pass

    def hold_writes(self, seconds: float) -> None:
        """Lock the table that is written first against writing, for one transaction that does nothing."""
        with self._connected() as database:
            database.execute("BEGIN")
            database.execute(f"LOCK TABLE {self.written} IN EXCLUSIVE MODE")
            time.sleep(seconds)
            database.execute("ROLLBACK")

    def refuse_inserts(self, percent: int) -> None:
        """Create a trigger that raises for a share of the inserts."""
        with self._connected() as database, database.transaction():
            database.execute(_FUNCTION)
            database.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {TABLE}")
            database.execute(
                f"CREATE TRIGGER {TRIGGER} BEFORE INSERT ON {TABLE} "
                f"FOR EACH ROW EXECUTE FUNCTION {TRIGGER}({int(percent)})"
            )

    def stop_refusing(self) -> None:
        """Drop the trigger and its function."""
        with self._connected() as database, database.transaction():
            database.execute(f"DROP TRIGGER IF EXISTS {TRIGGER} ON {TABLE}")
            database.execute(f"DROP FUNCTION IF EXISTS {TRIGGER}()")

    @contextlib.contextmanager
    def _connected(self) -> Iterator[Any]:
        """Yield a connection without implicit transactions; only this adapter needs a library."""
        try:
            import psycopg  # noqa: PLC0415 - the experiments on the embedded space need Python only
        except ImportError as error:
            raise NoTarget("psycopg is not installed; it is needed where the database is PostgreSQL") from error
        try:
            with psycopg.connect(self.url, autocommit=True, connect_timeout=WAIT_S) as database:
                yield database
        except psycopg.OperationalError as error:
            raise NoTarget(f"the database of {self.service} does not answer: {str(error).strip()}") from error
