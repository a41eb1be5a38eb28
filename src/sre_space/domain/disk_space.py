"""The free space of a folder's file system, and the thresholds at which people must be notified."""

from dataclasses import dataclass
from enum import IntEnum

MEGABYTE = 10**6
LOW_BYTES, FULL_BYTES = 200 * MEGABYTE, 50 * MEGABYTE
LOW_FILES, FULL_FILES = 2_000, 200


class DiskLevel(IntEnum):
    """How full a file system is, in rising severity."""

    ENOUGH = 0
    LOW = 1
    FULL = 2


@dataclass(frozen=True)
class DiskSpace:
    """What is left on the file system of a folder: `free` bytes and `files` more files (None: it does not count them).

    `refused` is why nothing can be written there now ("" when it can): no space, a quota, read-only, an I/O error.
    """

    path: str
    free: int
    files: int | None = None
    refused: str = ""

    @property
    def level(self) -> DiskLevel:
        """Return the severity: FULL also when nothing can be written."""
        if self.refused or self.free < FULL_BYTES or (self.files is not None and self.files < FULL_FILES):
            return DiskLevel.FULL
        scarce = self.free < LOW_BYTES or (self.files is not None and self.files < LOW_FILES)
        return DiskLevel.LOW if scarce else DiskLevel.ENOUGH

    @property
    def description(self) -> str:
        """Return what is left as text for people.

        >>> DiskSpace("/state", 12_300_000, 150).description
        '12 MB free in /state, 150 more files'
        """
        files = f", {self.files} more files" if self.files is not None and self.files < LOW_FILES else ""
        refused = f"; nothing can be written: {self.refused}" if self.refused else ""
        return f"{self.free // MEGABYTE} MB free in {self.path}{files}{refused}"
