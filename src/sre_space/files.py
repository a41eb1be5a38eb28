"""Atomic replacement of files, for adapters, embedded servers and bootstrap. Standard library only."""

import contextlib
import os
from pathlib import Path
from typing import BinaryIO


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file (mode 0600) atomically: readers see the old or the new content, also after a power failure.

    Raise `OSError` when the disk cannot be written: the old content is kept, and no temporary file is left.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        temporary.unlink(missing_ok=True)
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
            file.write(content)
            flush_file(file)
        temporary.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def flush_file(file: BinaryIO) -> None:
    """Flush what was written to an open file to disk, so that it survives a power failure."""
    file.flush()
    os.fsync(file.fileno())


def flush_folder(folder: Path) -> None:
    """Flush a folder to disk, so that file names in it survive a power failure: fsync of a file covers its content."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
