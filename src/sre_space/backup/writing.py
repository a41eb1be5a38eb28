"""Writes a back-up of a state folder, also while its space runs: one file, which only its owner may read."""

import contextlib
import hashlib
import io
import os
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sre_space.backup.contents import STREAM, files_of
from sre_space.backup.manifest import NAME, Entry, Manifest
from sre_space.domain.errors import Malformed, Missing, Refused, Unavailable
from sre_space.files import flush_file, flush_folder
from sre_space.paths import StatePaths

COPIED_WITHIN_S = 30.0  # of waiting for a database that another process writes


def write_backup(state: StatePaths, target: Path, made: int, version: str) -> Manifest:
    """Write the back-up `target` (`-`: to stdout) and return what it holds; leave no file behind on an error.

    Raise `Missing` when there is nothing to back up, `Refused` when the file exists, `Malformed` when it cannot be
    created, `Unavailable` when the database of issues is not readable, and `OSError` for a full disk.
    """
    if not any(files_of(state)):
        raise Missing(f"{state.root} holds nothing to back up; --state names the state folder of a space")
    if target == STREAM:
        return _written(sys.stdout.buffer, state, made, version, state.root)
    if target.resolve().is_relative_to(state.root.resolve()):
        raise Malformed(f"{target} would lie in the state folder, which it copies; name a file elsewhere")
    with _new_file(target) as file:
        manifest = _written(file, state, made, version, target.parent)
    flush_folder(target.resolve().parent)
    return manifest


@contextlib.contextmanager
def _new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a new file of mode 0600; it is removed on an error, and on disk afterwards."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError as error:
        raise Refused(f"{path} exists already; name another file, or move this one away") from error
    except OSError as error:
        raise Malformed(f"{path} cannot be created: {error.strerror}; name another file") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            flush_file(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _written(file: BinaryIO, state: StatePaths, made: int, version: str, beside: Path) -> Manifest:
    """Write the whole archive and return its manifest."""
    with tarfile.open(fileobj=file, mode="w|gz") as archive:
        manifest = Manifest(made, version, _add_all(archive, state, beside))
        info = tarfile.TarInfo(NAME)
        info.size, info.mode, info.mtime = len(manifest.encoded), 0o600, made // 10**9
        archive.addfile(info, io.BytesIO(manifest.encoded))
    file.flush()
    return manifest


def _add_all(archive: tarfile.TarFile, state: StatePaths, beside: Path) -> dict[str, Entry]:
    """Add every file, the database of issues where it is due, and return their entries."""
    entries: dict[str, Entry] = {}
    issues_due = state.issues.is_file()
    for path in files_of(state):
        if issues_due and state.forge in path.parents:
            issues_due = False
            _add_database(archive, state, entries, beside)
        with contextlib.suppress(FileNotFoundError):  # removed since it was listed: a posted fact, a deleted branch
            _add(archive, path.relative_to(state.root).as_posix(), path, entries)
    if issues_due:
        _add_database(archive, state, entries, beside)
    return entries


def _add(archive: tarfile.TarFile, name: str, path: Path, entries: dict[str, Entry]) -> None:
    """Add the file at a path as it is at one moment: files of a space are replaced as a whole, or only grow."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        info = tarfile.TarInfo(name)
        info.size, info.mode, info.mtime = status.st_size, status.st_mode & 0o777, int(status.st_mtime)
        digest = _Digest(file)
        archive.addfile(info, digest)
    entries[name] = Entry(info.size, digest.hash.hexdigest(), info.mode)


def _add_database(archive: tarfile.TarFile, state: StatePaths, entries: dict[str, Entry], beside: Path) -> None:
    """Add a consistent copy of the database of issues (SQLite's online back-up), without stopping its writer."""
    with tempfile.TemporaryDirectory(prefix=".sre-space-backup-", dir=beside) as folder:
        copy = Path(folder) / state.issues.name
        copy.touch(mode=0o600)
        try:
            with (
                contextlib.closing(
                    sqlite3.connect(f"{state.issues.absolute().as_uri()}?mode=ro", uri=True, timeout=COPIED_WITHIN_S)
                ) as source,
                contextlib.closing(sqlite3.connect(copy)) as target,
            ):
                source.backup(target)
        except sqlite3.Error as error:
            remedy = "look at `sre-space logs forge`, then take the back-up again"
            raise Unavailable(f"{state.issues} cannot be copied: {error}; {remedy}") from error
        _add(archive, state.issues.relative_to(state.root).as_posix(), copy, entries)


class _Digest(io.RawIOBase):
    """A file that is read once, with the SHA-256 of what was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.hash = file, hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        chunk = self._file.read(size)
        self.hash.update(chunk)
        return chunk
