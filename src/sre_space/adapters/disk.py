"""Free space and writability of a folder's file system: fulfils `ports.storage.Storage`."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.disk_space import DiskSpace

PROBE_BYTES = 4096


@dataclass(frozen=True)
class DiskFolder:
    """The file system that holds `folder`, or its nearest existing parent."""

    folder: Path

    async def room(self) -> DiskSpace:
        """Return the free bytes and inodes and why a test write failed; runs on a thread, for a disk may hang."""
        return await asyncio.to_thread(self.measure)

    def measure(self) -> DiskSpace:
        """Return what `room` returns, blocking."""
        folder = next(path for path in (self.folder, *self.folder.absolute().parents) if os.path.isdir(path))
        try:
            stats = os.statvfs(folder)
        except OSError as error:
            return DiskSpace(str(self.folder), 0, None, error.strerror or str(error))
        refused = _write_error(folder) if folder == self.folder else ""
        return DiskSpace(
            str(self.folder), stats.f_bavail * stats.f_frsize, stats.f_favail if stats.f_files else None, refused
        )


def _write_error(folder: Path) -> str:
    """Return why a file of `PROBE_BYTES` bytes cannot be written in the folder, "" when it can."""
    path = folder / f".room.{os.getpid()}"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(b"\0" * PROBE_BYTES)
    except OSError as error:
        return error.strerror or str(error)
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    return ""
