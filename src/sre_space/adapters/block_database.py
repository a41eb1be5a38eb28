"""The dashboard's history in one SQLite file: fulfils `ports.blocks.Blocks`. A damaged file is set aside."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sre_space.domain.errors import Unavailable
from sre_space.ports.blocks import StoredBlock
from sre_space.state_files import make_folder, set_aside

MAX_BYTES = 200_000_000
_TABLE = """
create table if not exists blocks (
    subject text not null, step integer not null, start integer not null, numbers blob not null,
    primary key (subject, step, start)
) without rowid
"""
_OLDEST = "delete from blocks where start <= (select min(start) + 86400 from blocks)"
T = TypeVar("T")


class BlockDatabase:
    """A database of at most `max_bytes`, on a thread of its own: SQLite's calls block."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        self._path, self._max_bytes = path, max_bytes
        self._thread = ThreadPoolExecutor(1, "history")
        self._connection: sqlite3.Connection | None = None

    async def put(self, blocks: Sequence[StoredBlock]) -> None:
        """Store or replace blocks in one transaction; raise `Unavailable` when the disk cannot be written."""
        rows = [(block.subject, block.step, block.start, block.values) for block in blocks]

        def write(connection: sqlite3.Connection) -> None:
            with connection:
                connection.executemany("insert or replace into blocks values (?, ?, ?, ?)", rows)

        await self._asked(write)

    async def read(self, subject: str, step: int, since: int, until: int) -> Sequence[StoredBlock]:
        """Return a subject's blocks that begin in [since, until) (Unix s), oldest first."""
        query = "select * from blocks where subject = ? and step = ? and start >= ? and start < ? order by start"
        return await self._rows(query, subject, step, since, until)

    async def at(self, step: int, start: int) -> Sequence[StoredBlock]:
        """Return the blocks of all subjects that begin at `start` (Unix s)."""
        return await self._rows("select * from blocks where step = ? and start = ?", step, start)

    async def first(self, subject: str) -> int | None:
        """Return when a subject's oldest block begins (Unix s); None when nothing is kept."""
        query = "select min(start) from blocks where subject = ?"
        found: int | None = (await self._asked(lambda connection: connection.execute(query, (subject,)).fetchone()))[0]
        return found

    async def forget(self, step: int, before: int) -> None:
        """Remove blocks of a resolution that begin before a time, and the oldest days beyond the limit of bytes."""

        def remove(connection: sqlite3.Connection) -> None:
            with connection:
                connection.execute("delete from blocks where step = ? and start < ?", (step, before))
            while self._size(connection) > self._max_bytes and connection.execute(_OLDEST).rowcount:
                connection.commit()
            connection.execute("pragma incremental_vacuum")

        await self._asked(remove)

    async def close(self) -> None:
        """Close the file."""

        def close(connection: sqlite3.Connection) -> None:
            connection.close()
            self._connection = None

        if self._connection is not None:
            await self._asked(close)
        self._thread.shutdown(wait=False)

    @staticmethod
    def _size(connection: sqlite3.Connection) -> int:
        pages, free, size = (
            int(connection.execute(f"pragma {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    async def _rows(self, query: str, *values: str | int) -> Sequence[StoredBlock]:
        rows = await self._asked(lambda connection: connection.execute(query, values).fetchall())
        return [StoredBlock(*row) for row in rows]

    async def _asked(self, question: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, question)

    def _ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return question(self._open())
        except sqlite3.DatabaseError as error:
            damaged = not isinstance(error, sqlite3.OperationalError)
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if damaged:
                self._set_aside(str(error))
            raise Unavailable(f"the history {self._path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            make_folder(self._path.parent)
            self._path.touch(mode=0o600)
            connection = sqlite3.connect(self._path, check_same_thread=False)
            connection.execute("pragma auto_vacuum = incremental")
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")
            connection.execute(_TABLE)
            self._connection = connection
        return self._connection

    def _set_aside(self, why: str) -> None:
        for path in (self._path, *(self._path.with_name(f"{self._path.name}-{end}") for end in ("wal", "shm"))):
            if path.exists():
                set_aside(path, why)
