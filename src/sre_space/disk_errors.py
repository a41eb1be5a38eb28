"""Whether an error says that a disk cannot be written, and what a person does about it. Standard library only."""

import errno
import os
import sqlite3

REASONS = {
    errno.ENOSPC: "free some space or inodes",
    errno.EDQUOT: "free some of your quota, or have it raised",
    errno.EROFS: "the file system is read-only: look for errors of the disk, then mount it again",
    errno.EIO: "the disk fails: see the kernel's log",
}


def is_disk_error(error: BaseException) -> bool:
    """Return True for an error of the system or of SQLite which says that a disk cannot be written."""
    sqlite_phrases = (
        ("full", "disk I/O", "readonly", "unable to open") if isinstance(error, sqlite3.OperationalError) else ()
    )
    return any(phrase in str(error) for phrase in (*map(os.strerror, REASONS), *sqlite_phrases))
