"""Whether an SQLite file is whole."""

import sqlite3
from pathlib import Path

from sre_space.embedded.storing import takes

BESIDE = ("-wal", "-shm", "-journal")
_OF_DISK = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}  # also when there is no room for the files beside it
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, *_OF_DISK}


def is_damage(error: sqlite3.Error) -> bool:
    """True for an error that says that the file is no whole database; a lock or a full disk is none."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE and code & 0xFF != sqlite3.SQLITE_FULL


def damage_of(path: Path) -> str:
    """What is wrong with the database at `path`, "" when it is whole, not there, or no disk lets it be opened.

    Reads all of it.
    """
    if not path.exists():
        return ""
    if not path.is_file():
        return "it is no file"
    try:
        database = sqlite3.connect(f"file:{path.as_posix()}?mode=rw", uri=True, timeout=10)
    except sqlite3.Error as error:
        return _told(error, path)
    try:
        (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return _told(error, path)
    finally:
        database.close()
    return "" if found == "ok" else " ".join(str(found).split())


def _told(error: sqlite3.Error, path: Path) -> str:
    """The damage that an error tells of; none, when a disk that takes nothing explains it."""
    of_disk = getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_DISK
    return str(error) if is_damage(error) and not (of_disk and not takes(path.parent)) else ""
