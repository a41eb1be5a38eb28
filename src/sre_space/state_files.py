"""Files of the state folder: written whole or not at all; what is damaged and expendable is moved aside.

Its new name is `NAME.damaged-UTC`, beside it; the newest few are kept. Each time is one sentence in the log.
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
OF_PROCESS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}  # what says nothing of the file that was to be read

log = logging.getLogger(__name__)


def set_aside(path: Path, why: str) -> Path:
    """Rename what lies at `path`, a file or a folder, and say why; the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    path.rename(aside)
    log.error("%s: %s; it is set aside as %s", path, why, aside.name)
    found = [one for one in path.parent.iterdir() if one.name.startswith(f"{path.name}.damaged-")]
    keep_last(sorted(found), MAX_SET_ASIDE)
    return aside


def content_of(path: Path) -> bytes:
    """What an expendable file holds; nothing when it is not there, or had to be set aside as it cannot be read.

    `OSError` when this process may open no more files: the file is as it was.
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


def make_way(path: Path) -> None:
    """Set aside a folder that lies where a file belongs."""
    if path.is_dir():
        set_aside(path, "a folder lies where a file belongs")


def make_folder(path: Path) -> None:
    """Make a folder for this user alone, if it is not there; a file in its place is set aside."""
    if path.exists() and not path.is_dir():
        set_aside(path, "a file lies where a folder belongs")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def append_line(path: Path, line: str) -> None:
    """Add a line to a file of mode 0600, the whole line or nothing of it; `OSError` when it does not fit.

    One that was cut off before it ends where it is.
    """
    make_way(path)
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


def keep_last(paths: Sequence[Path], kept: int) -> None:
    """Remove all but the last, folders with what is in them."""
    for path in paths[: max(0, len(paths) - kept)]:
        remove(path)


def remove(path: Path) -> None:
    """Remove a file, or a folder with what is in it; nothing there is fine."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 at once: readers see the old or the new one. A folder in its place is set aside.

    `Unavailable` when the disk does not take it: then the old one is still there, and nothing beside it.
    """
    try:
        make_way(path)
        replace_file(path, text.encode())
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}; free some space there, or see why") from error
