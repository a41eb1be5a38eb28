"""Restores a back-up into a state folder that holds none of its files; checked as a whole before it is put in place."""

import contextlib
import errno
import gzip
import hashlib
import os
import shutil
import sqlite3
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, BinaryIO

from sre_space.backup.contents import STREAM, is_kept, present
from sre_space.backup.manifest import NAME, Entry, Manifest, manifest_of
from sre_space.domain.errors import Malformed, Refused
from sre_space.files import flush_file, flush_folder
from sre_space.paths import StatePaths

MAX_MANIFEST = 64 * 2**20  # bytes
OWNER_ONLY = 0o700  # permissions of every restored folder
Check = Callable[[StatePaths], None]
_CHUNK = 2**20
_BROKEN = (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError)
_TAKE_ANOTHER = "take another copy of it"


def restore_backup(source: Path, state: StatePaths, check: Check) -> Manifest:
    """Restore the back-up `source` (`-`: from stdin), and return what it holds.

    Every digest is checked, the database is read, and `check` is called with the folder of the restored files, before
    anything appears in the state folder. Raise `Refused` when the folder holds such files already, `Malformed` for a
    file that is not a whole back-up, `OSError` for a full disk, and what `check` raises.
    """
    there = next(present(state), None)
    if there is not None:
        raise Refused(f"{there} exists, and nothing is overwritten; name another folder with --state, or move it away")
    with _opened(source) as archive, _staging(state.root) as staging:
        manifest = _extracted(archive, source, staging)
        _check_database(StatePaths(staging).issues, source)
        check(StatePaths(staging))
        _put_in_place(staging, state.root)
    return manifest


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        file = sys.stdin.buffer if source == STREAM else source.open("rb")
    except OSError as error:
        raise Malformed(f"{source}: {error.strerror}; name a file that `sre-space backup` wrote") from error
    with file:
        try:
            with _archive(file) as archive:
                yield archive
        except _BROKEN as error:
            raise Malformed(f"{source} is not a whole back-up of sre-space: {error}; {_TAKE_ANOTHER}") from error


def _archive(file: BinaryIO) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r|gz")
    except TypeError as error:  # tarfile's, for a file that ends within the head of gzip
        raise EOFError("it ends in its head") from error


@contextlib.contextmanager
def _staging(root: Path) -> Iterator[Path]:
    """Yield a private folder in the state folder, on the same file system; it is removed at the end."""
    try:
        root.mkdir(mode=OWNER_ONLY, parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".restore-", dir=root))
    except OSError as error:
        raise Malformed(f"{root}: {error.strerror}; name a folder that you own with --state") from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _extracted(archive: tarfile.TarFile, source: Path, folder: Path) -> Manifest:
    """Write every file of the archive below a folder, and return the manifest that they agree with."""
    found: dict[str, Entry] = {}
    for member in archive:
        content = archive.extractfile(member) if member.isreg() else None
        if content is None or (member.name != NAME and not is_kept(member.name)) or member.name in found:
            raise Malformed(f"{source} holds {member.name!r}, which no back-up of sre-space does")
        if member.name != NAME:
            _make_folders(folder, Path(member.name))
            found[member.name] = _extract(content, folder / member.name, member.mode)
            continue
        manifest = manifest_of(content.read(MAX_MANIFEST))
        names = manifest.files.keys() | found.keys()
        differs = sorted(name for name in names if manifest.files.get(name) != found.get(name))
        if differs:
            raise Malformed(f"{source} is damaged: {differs[0]} is not as it was; {_TAKE_ANOTHER}")
        return manifest
    raise Malformed(f"{source} has no {NAME}: it was cut off, or is not a back-up of sre-space; {_TAKE_ANOTHER}")


def _make_folders(root: Path, name: Path) -> None:
    """Make the folders of a file below `root`, each for its owner alone."""
    for folder in reversed(name.parents):
        (root / folder).mkdir(mode=OWNER_ONLY, exist_ok=True)


def _extract(content: IO[bytes], path: Path, mode: int) -> Entry:
    """Write a file with its permissions, without those of others to write, and return its entry."""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            file.write(chunk)
        flush_file(file)
        os.fchmod(file.fileno(), mode & 0o755)
    return Entry(size, digest.hexdigest(), mode)


def _check_database(path: Path, source: Path) -> None:
    """Raise `Malformed` when the database of issues is there and damaged."""
    if not path.exists():
        return
    try:
        with contextlib.closing(sqlite3.connect(path)) as database:
            (result,) = database.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        result = str(error)
    if result != "ok":
        raise Malformed(f"{source} holds a damaged database of issues: {result}; restore an older back-up")


def _put_in_place(staging: Path, root: Path) -> None:
    """Move the restored files and folders into the state folder, the kill switch first.

    What a space that never ran has made there, empty folders, gives way; into a mounted volume the content is moved.
    """
    for entry in sorted(staging.iterdir(), key=lambda path: path.is_dir()):
        target = root / entry.name
        if _gives_way(target):
            entry.rename(target)
            continue
        for inner in entry.iterdir():
            shutil.move(inner, target)
    flush_folder(root)


def _gives_way(path: Path) -> bool:
    """Remove a folder, in which `present` found no file; return False for a mounted volume, which is emptied.

    A mount of the same file system shows only by this refusal.
    """
    try:
        if path.is_dir():
            shutil.rmtree(path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return False
    return True
