"""Files of the state folder: written atomically; a damaged file that can be made again is moved aside.

It is renamed to `NAME.damaged-UTC` in the same folder, of which the newest MAX_SET_ASIDE are kept, and logged.
"""

import errno
import logging
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from sre_space.domain.errors import Unavailable
from sre_space.files import replace_file

MAX_SET_ASIDE = 3
OF_PROCESS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # errors of this process, not of the file that it opens

log = logging.getLogger(__name__)


def set_aside(path: Path, why: str) -> Path:
    """Rename the file or folder at `path` to `NAME.damaged-UTC`, log the reason, and return the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    log.error("%s: %s; it is set aside as %s", path, why, aside.name)
    damaged = [entry for entry in path.parent.iterdir() if entry.name.startswith(f"{path.name}.damaged-")]
    keep_last(sorted(damaged), MAX_SET_ASIDE)
    return aside


def content_of(path: Path) -> bytes:
    """Return the bytes of an expendable file; empty when it is missing, or unreadable and therefore set aside.

    Raise `OSError` when this process is out of file descriptors or memory: the file is left as it is.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        if error.errno in OF_PROCESS:
            raise
        set_aside(path, error.strerror or repr(error))
        return b""


def set_folder_aside(path: Path) -> None:
    """Set aside a folder at a path where a file belongs."""
    if path.is_dir():
        set_aside(path, "a folder lies where a file belongs")


def make_folder(path: Path) -> None:
    """Create a folder of mode 0700, if it is missing; set aside a file at its path."""
    if path.exists() and not path.is_dir():
        set_aside(path, "a file lies where a folder belongs")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def append_line(path: Path, line: str) -> None:
    """Append the whole line to a file of mode 0600; raise `OSError`, and leave no part of it, when it does not fit.

    A line that was cut off earlier is ended first, so that the new one starts on its own.
    """
    set_folder_aside(path)
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        size = os.fstat(descriptor).st_size
        cut_off = os.pread(descriptor, 1, size - 1) != b"\n" if size else False
        data = b"\n" * cut_off + line.encode() + b"\n"
        if os.write(descriptor, data) != len(data):
            os.ftruncate(descriptor, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def keep_last(paths: Sequence[Path], count: int) -> None:
    """Remove all but the last `count` of the paths, folders with their content."""
    for path in paths[: max(0, len(paths) - count)]:
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with its content; do nothing when the path does not exist."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Replace a file (mode 0600) atomically: readers see the old or the new one. Set aside a folder at its path.

    Raise `Unavailable` when the disk cannot be written: the old file is kept, and no temporary file is left.
    """
    try:
        set_folder_aside(path)
        replace_file(path, text.encode())
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be written: {error.strerror}; free some space there, or check its permissions"
        ) from error
