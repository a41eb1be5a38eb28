"""The forge's answer while its disk cannot be written: status 507 in one sentence, a server error that may pass.

Git writes a pack or a reference beside and renames it, SQLite rolls a transaction back: nothing is half written.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pygit2

from sre_embedded.servers.forge.answers import Refusal
from sre_embedded.storing import StorageStatus, describe_error

INSUFFICIENT_STORAGE = 507
FAILURES = (OSError, sqlite3.OperationalError, pygit2.GitError)


@dataclass(frozen=True)
class Disk:
    """The storage of one forge: its database, and the log of failed and successful writes."""

    db: sqlite3.Connection
    storage: StorageStatus

    @contextmanager
    def guard(self, action: str) -> Iterator[None]:
        """Turn a storage error into a `Refusal` that names the action, so that the client tries again."""
        before = self.db.total_changes
        try:
            yield
        except FAILURES as error:
            self.storage.failed(error)
            raise Refusal(
                action, INSUFFICIENT_STORAGE, f"the forge cannot store it: {describe_error(error)}"
            ) from error
        if self.db.total_changes > before:
            self.storage.worked()
