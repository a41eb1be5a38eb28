"""What `up` and `down` hold while they are at work, so that two at once do not disturb each other."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from sre_space.bootstrap.space.ports import Ports
from sre_space.domain.errors import Refused


@contextlib.contextmanager
def alone(root: Path) -> Iterator[None]:
    """Be the only `up` or `down` of a state folder, or `Refused`; the kernel frees what a killed one held.

    The folder itself is locked, so that it works on a disk that is full or read-only.
    """
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(folder, root)
        yield
    finally:
        os.close(folder)


def _lock(folder: int, root: Path) -> None:
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        told = f"another `sre-space up` or `sre-space down` is at work in {root}"
        raise Refused(f"{told}; wait until it has ended, then try again") from error


@contextlib.contextmanager
def reserved(ports: Ports, unused: Collection[str] = ()) -> Iterator[None]:
    """Keep these ports from every other `up` of this user until servers listen on them; `Refused` names a port.

    Those that are `unused` are left out. Each port is a byte of one file, and the kernel's locks of bytes are what
    counts: nothing is written.
    """
    path = Path(tempfile.gettempdir()) / f"sre-space-{os.getuid()}.ports"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        file = os.fdopen(os.open(path, flags, 0o600), "r+b")
    except OSError:  # who cannot make it goes without: a port that is taken is still refused, only later
        yield
        return
    with file:
        for name, port in sorted((name, port) for name, port in ports.numbers.items() if name not in unused):
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError as error:
                unit = name.removesuffix("_port").replace("_", "-")
                told = f"port {port} ({unit}) is being taken by another `sre-space up`"
                raise Refused(f"{told}; set {name.upper()} to another, or use --ports free") from error
        yield
