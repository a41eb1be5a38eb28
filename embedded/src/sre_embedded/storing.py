"""Logs when a server's disk cannot be written: once when that begins, once when writes have worked for a while."""

import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sre_space.disk_errors import REASONS

log = logging.getLogger(__name__)

RESOLVED_AFTER_S = 10.0
PROBE_BYTES = 2**16  # more than SQLite needs for the files beside a database that it opens


@dataclass
class StorageStatus:
    """The state of one server's storage. `what` is the consequence in a clause: "the bus stores no records in /folder".

    On a full disk a small record may still fit where a large one does not, so a single success proves nothing yet.
    """

    what: str
    now: Callable[[], float] = time.monotonic
    failing: bool = False
    failed_at: float = 0.0

    def failed(self, error: Exception) -> None:
        """Record a failed write; log the first one."""
        self.failed_at = self.now()
        if not self.failing:
            self.failing = True
            log.error("%s: %s; it resumes by itself when there is room", self.what, describe_error(error))

    def worked(self) -> None:
        """Record a successful write; log it once no write has failed for ten seconds."""
        if self.failing and self.now() - self.failed_at > RESOLVED_AFTER_S:
            self.failing = False
            log.warning("there is room again; resolved: %s", self.what)


def is_writable(folder: Path) -> bool:
    """Return True when a small file can be written to the folder now."""
    try:
        with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
            return file.write(b"\0" * PROBE_BYTES) == PROBE_BYTES
    except OSError:
        return False


def describe_error(error: Exception) -> str:
    """Return the error as a clause, with the remedy where there is one."""
    if not isinstance(error, OSError):
        return str(error)
    remedy = REASONS.get(error.errno or 0, "")
    return f"{error.strerror or error}{f' ({remedy})' if remedy else ''}"
