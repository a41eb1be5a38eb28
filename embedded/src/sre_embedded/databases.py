"""Whether an SQLite file is damaged; for the forge, the telemetry server and Chroma."""

import sqlite3
from pathlib import Path

from sre_embedded.storing import is_writable

SIDE_FILES = ("-wal", "-shm", "-journal")
_OF_DISK = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR}  # also raised without room for the files beside it
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, *_OF_DISK}


def is_damage(error: sqlite3.Error) -> bool:
    """Return True for an error that means that the file is damaged; a lock or a full disk does not."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGE and code & 0xFF != sqlite3.SQLITE_FULL


def damage_of(path: Path) -> str:
    """Return what is wrong with the database at `path`, after reading all of it.

    "" when it is intact, when it does not exist, or when a full disk prevents opening it.
    """
    if not path.exists():
        return ""
    if not path.is_file():
        return "it is not a file"
    try:
        database = sqlite3.connect(f"file:{path.as_posix()}?mode=rw", uri=True, timeout=10)
    except sqlite3.Error as error:
        return _damage_in(error, path)
    try:
        (result,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return _damage_in(error, path)
    finally:
        database.close()
    return "" if result == "ok" else " ".join(str(result).split())


def _damage_in(error: sqlite3.Error, path: Path) -> str:
    """Return the damage that an error describes, "" when a disk that cannot be written explains it."""
    of_disk = getattr(error, "sqlite_errorcode", 0) & 0xFF in _OF_DISK
    return str(error) if is_damage(error) and not (of_disk and not is_writable(path.parent)) else ""
