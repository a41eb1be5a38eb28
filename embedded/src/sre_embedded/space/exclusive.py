"""The locks that `up` and `down` hold, so that two at once do not interfere with each other."""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from sre_embedded.space.ports import Ports
from sre_space.domain.errors import Refused


@contextlib.contextmanager
def exclusive(root: Path) -> Iterator[None]:
    """Hold the lock of a state folder; raise `Refused` while another `up` or `down` holds it.

    The folder itself is locked, which works on a full or read-only disk; the kernel frees the lock of a killed process.
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
        message = f"another `sre-space up` or `sre-space down` is running in {root}"
        raise Refused(f"{message}; wait until it has ended, and try again") from error


@contextlib.contextmanager
def reserved_ports(ports: Ports, unused: Collection[str] = ()) -> Iterator[None]:
    """Reserve ports among the `up` commands of this user until servers listen; raise `Refused` with a reserved port.

    Ports in `unused` are left out. Each port is a byte range of one file that the kernel locks; nothing is written.
    """
    path = Path(tempfile.gettempdir()) / f"sre-space-{os.getuid()}.ports"
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        file = os.fdopen(os.open(path, flags, 0o600), "r+b")
    except OSError:  # continue without reservations: a port in use is still refused, only later
        yield
        return
    with file:
        for name, port in sorted((name, port) for name, port in ports.numbers.items() if name not in unused):
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            except OSError as error:
                unit = name.removesuffix("_port").replace("_", "-")
                message = f"port {port} ({unit}) is reserved by another `sre-space up`"
                raise Refused(f"{message}; set {name.upper()} to another, or use --ports free") from error
        yield
