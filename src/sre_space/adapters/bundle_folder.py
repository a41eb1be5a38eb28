"""Bundles as one archive each in a folder: fulfils `ports.bundles.Bundles`.

A tar (POSIX ustar, sorted, without times and owners) in gzip, so `tar -xzf` gives the folders that
`sre-space diagnose --incident incident --baseline baseline` reads.
"""

import asyncio
import gzip
import hashlib
import io
import re
import shutil
import tarfile
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.errors import Malformed, Missing, Unavailable
from sre_space.files import replace_file

KEPT_DAYS = 90
MAX_TOTAL_BYTES = 2_000_000_000  # of all bundles together
DAY_S = 86_400
MAX_BUNDLE_BYTES = 500_000_000  # bytes of one bundle, unpacked
GZIP_LEVEL = 1  # the fastest: a bundle is written while an incident waits
_NAME = re.compile(r"[0-9a-f]{64}")
_UNPACK_ERRORS = (tarfile.TarError, OSError, EOFError, zlib.error)


@dataclass(frozen=True)
class BundleFolder:
    """A folder whose bundles are kept for `kept_days`, at most `max_total_bytes`; the oldest are removed first.

    `clock` returns the time in Unix seconds, by which the age of a file counts.
    """

    folder: Path
    kept_days: float = KEPT_DAYS
    max_total_bytes: int = MAX_TOTAL_BYTES
    clock: Callable[[], float] = time.time

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """Write the files as a bundle and return its name (SHA-256); raise `Unavailable` when it cannot be written."""
        return await asyncio.to_thread(self._keep, files)

    async def load(self, name: str) -> Mapping[str, bytes]:
        """Return the files of a bundle; raise `Missing` if it was removed, `Malformed` if altered or unreadable."""
        return await asyncio.to_thread(self._load, name)

    def _keep(self, files: Mapping[str, bytes]) -> str:
        packed = pack(files)
        name = hashlib.sha256(packed).hexdigest()
        path = self._path(name)
        try:
            self._write(path, packed)
            self._forget(path)
        except OSError as error:
            raise Unavailable(f"the bundle cannot be written in {self.folder}: {error.strerror}") from error
        return name

    def _write(self, path: Path, packed: bytes) -> None:
        """Write the archive atomically, unless it is there already."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._holds(path, packed):
            return
        replace_file(path, packed)

    @staticmethod
    def _holds(path: Path, packed: bytes) -> bool:
        """Return True when the file holds exactly this archive; a folder in its place is removed."""
        if path.is_dir():
            shutil.rmtree(path)
        return path.is_file() and path.read_bytes() == packed

    def _load(self, name: str) -> Mapping[str, bytes]:
        path = self._path(name)
        try:
            packed = path.read_bytes()
        except FileNotFoundError as error:
            raise Missing(f"the bundle {name[:12]} is gone: {self._limits}") from error
        except OSError as error:
            raise Malformed(f"{path}: {error.strerror}; the bundle cannot be read") from error
        if hashlib.sha256(packed).hexdigest() != name:
            raise Malformed(f"{path} was altered: it is not the bundle that the issue names")
        return unpack(packed)

    def _path(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise Malformed(f"{name!r} names no bundle: a SHA-256 has 64 hexadecimal digits")
        return self.folder / f"{name}.tar.gz"

    def _forget(self, kept: Path) -> None:
        """Remove what is too old, and the oldest beyond the limit; the bundle just written stays whatever its size."""
        others = [(path.stat(), path) for path in self.folder.glob("*.tar.gz") if path != kept and path.is_file()]
        oldest, total = self.clock() - self.kept_days * DAY_S, kept.stat().st_size
        for found, path in sorted(others, key=lambda other: other[0].st_mtime_ns, reverse=True):
            total += found.st_size
            if total > self.max_total_bytes or found.st_mtime < oldest:
                path.unlink(missing_ok=True)

    @property
    def _limits(self) -> str:
        return f"bundles are kept for {self.kept_days:g} days, at most {self.max_total_bytes / 1e6:g} MB of them"


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the files as a gzipped tar; equal files give equal bytes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(files[path]), 0o600
            archive.addfile(entry, io.BytesIO(files[path]))
    return gzip.compress(buffer.getvalue(), GZIP_LEVEL, mtime=0)


def unpack(packed: bytes) -> Mapping[str, bytes]:
    """Return the files of an archive; raise `Malformed` when it cannot be read or exceeds `MAX_BUNDLE_BYTES`."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(packed)) as stream:
            content = stream.read(MAX_BUNDLE_BYTES + 1)
        if len(content) > MAX_BUNDLE_BYTES:
            raise Malformed(f"the bundle holds more than {MAX_BUNDLE_BYTES} bytes")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            members = [member for member in archive.getmembers() if member.isfile()]
            opened = {member.name: archive.extractfile(member) for member in members}
            return {name: file.read() for name, file in opened.items() if file is not None}
    except _UNPACK_ERRORS as error:
        raise Malformed(f"the bundle does not unpack: {error}") from error
