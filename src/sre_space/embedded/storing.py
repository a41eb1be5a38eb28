"""What a server says when its disk takes nothing: once when it begins, once when it has been well for a while."""

import errno
import logging
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

WELL_AFTER_S = 10.0
PROBE_BYTES = 2**16  # more than SQLite wants for the files beside a database that it opens
REASONS = {
    errno.ENOSPC: "free some space or inodes",
    errno.EDQUOT: "free some of your quota, or have it raised",
    errno.EROFS: "the file system is read-only: look for errors of the disk, then mount it anew",
    errno.EIO: "the disk fails: look into the kernel's log",
}


@dataclass
class Storing:
    """One server's. `what` does not happen, in a clause: "the bus stores no records in /folder".

    On a full disk a small record may still fit where a large one does not, so one that fits proves nothing yet.
    """

    what: str
    now: Callable[[], float] = time.monotonic
    failing: bool = False
    failed_at: float = 0.0

    def failed(self, error: Exception) -> None:
        """It could not be written."""
        self.failed_at = self.now()
        if not self.failing:
            self.failing = True
            log.error("%s: %s; it goes on by itself when there is room", self.what, why(error))

    def worked(self) -> None:
        """It was written."""
        if self.failing and self.now() - self.failed_at > WELL_AFTER_S:
            self.failing = False
            log.warning("there is room again; it is no longer so that %s", self.what)


def is_of_disk(error: BaseException) -> bool:
    """True when it says that a disk takes nothing, in the words of the system or of SQLite."""
    words = ("full", "disk I/O", "readonly", "unable to open") if isinstance(error, sqlite3.OperationalError) else ()
    return any(told in str(error) for told in (*map(os.strerror, REASONS), *words))


def takes(folder: Path) -> bool:
    """True when a disk takes a small file now."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(b"\0" * PROBE_BYTES) == PROBE_BYTES
    except OSError:
        return False


def why(error: Exception) -> str:
    """The error in a clause, with the remedy where one is known."""
    if not isinstance(error, OSError):
        return str(error)
    remedy = REASONS.get(error.errno or 0, "")
    return f"{error.strerror or error}{f' ({remedy})' if remedy else ''}"
