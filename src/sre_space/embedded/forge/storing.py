"""What the forge answers when its disk takes nothing: 507 in one sentence, as a server's error that may be over soon.

Git writes a pack or a reference beside and renames it, SQLite takes a transaction back: nothing is left half written.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pygit2

from sre_space.embedded.forge.answers import Refusal
from sre_space.embedded.storing import Storing, why

INSUFFICIENT_STORAGE = 507
FAILURES = (OSError, sqlite3.OperationalError, pygit2.GitError)


@dataclass(frozen=True)
class Disk:
    """Where one forge stores: its database, and what it says of the disk."""

    db: sqlite3.Connection
    storing: Storing

    @contextmanager
    def asked(self, doing: str) -> Iterator[None]:
        """Turn what the disk says into a `Refusal` that names what was being done, so that its client tries again."""
        before = self.db.total_changes
        try:
            yield
        except FAILURES as error:
            self.storing.failed(error)
            raise Refusal(doing, INSUFFICIENT_STORAGE, f"the forge cannot store it: {why(error)}") from error
        if self.db.total_changes > before:
            self.storing.worked()
