"""The file system of a folder: fulfils `ports.storage.Storage`."""

import asyncio
import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from sre_space.domain.disk_space import DiskSpace

PROBE_BYTES = 4096


@dataclass(frozen=True)
class DiskFolder:
    """`folder` need not exist yet: the nearest one above it counts."""

    folder: Path

    async def room(self) -> DiskSpace:
        """Look, and write a page; on a thread, for a disk may hang."""
        return await asyncio.to_thread(self.look)

    def look(self) -> DiskSpace:
        """The same at once."""
        folder = next(path for path in (self.folder, *self.folder.absolute().parents) if os.path.isdir(path))
        try:
            found = os.statvfs(folder)
        except OSError as error:
            return DiskSpace(str(self.folder), 0, None, error.strerror or str(error))
        refused = _refused(folder) if folder == self.folder else ""
        return DiskSpace(
            str(self.folder), found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None, refused
        )


def _refused(folder: Path) -> str:
    """Why a file of a page cannot be written, "" when it can."""
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
