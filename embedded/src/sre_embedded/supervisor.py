"""supervisord whose logs may fail, with read-only sockets: `python -m sre_embedded.supervisor -n -c FILE`.

supervisord itself ends when a log cannot be written (a full disk, a quota, a read-only file system, an I/O error), and
every unit with it. No setting changes that, so its one way to open a log file is replaced here. What cannot be written
is dropped and counted, and the log says so as soon as it can be written again.

supervisord's own socket can stop everything. Where RUNTIME_READ_SOCKET names a file, a second socket lists the units
and can do nothing else (`unit_listing.py`); where RUNTIME_EVENTS_SOCKET names one, a third sends their starts and ends
(`unit_events.py`). They are created where supervisord creates its servers.
"""

import contextlib
import errno
import os
import socket
from pathlib import Path
from typing import Any

from supervisor import http, loggers, supervisord

from sre_embedded.unit_events import UnitEvents
from sre_embedded.unit_listing import UnitListing

PRIVATE = 0o600
SOCKETS = {"RUNTIME_READ_SOCKET": UnitListing, "RUNTIME_EVENTS_SOCKET": UnitEvents}
_make_http_servers = http.make_http_servers


class SparingLog(loggers.Handler):  # type: ignore[misc]  # supervisor ships no types
    """A log file that never raises `OSError`; with `max_bytes` (0: unlimited) it is rotated to one older file."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        super().__init__()
        self.path, self.max_bytes = path, max_bytes
        self.lost, self.reason, self.cut = 0, "", False
        self._file: int | None = None
        with contextlib.suppress(OSError):  # so that a silent unit has a log file, too
            self._append(b"")

    def emit(self, record: Any) -> None:  # noqa: ANN401 - supervisor's own record
        """Append one record; drop and count what cannot be written."""
        plain = isinstance(record.msg, bytes) and self.fmt == "%(message)s"
        data = record.msg if plain else (self.fmt % record.asdict()).encode(errors="replace")
        pending = self._notice() + data
        written = 0
        try:
            written = self._append(pending)
            if written < len(pending):  # the rest would not fit either
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.lost, self.cut = 0, False
            self._rotate()
        except OSError as error:
            self.lost += min(len(data), len(pending) - written)
            self.cut = self.cut or written > 0
            self.reason = error.strerror or str(error)
            self.close()

    def _notice(self) -> bytes:
        newline = "\n" if self.cut else ""
        notice = f"{newline}(here {self.lost} bytes of this log were dropped: {self.reason})\n"
        return notice.encode() if self.lost else b""

    def _append(self, data: bytes) -> int:
        """Append to the file; return the number of bytes written."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        return os.write(self._file, data)

    def _rotate(self) -> None:
        if self._file is not None and 0 < self.max_bytes <= os.fstat(self._file).st_size:
            self.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._append(b"")

    def flush(self) -> None:
        """Do nothing: no data is buffered."""

    def close(self) -> None:
        """Close the file; the next record opens it again."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # a network file system may report failed writes here
                os.close(self._file)
            self._file = None

    def reopen(self) -> None:
        """Reopen the file, anew if it was moved away."""
        self.close()

    def remove(self) -> None:
        """Delete the file, if that is possible."""
        self.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


def handle_file(
    logger: Any,  # noqa: ANN401 - supervisor's own logger
    filename: str,
    fmt: str,
    rotating: bool = False,
    **sizes: int,
) -> None:
    """Open a log file of supervisord or of a unit, called by supervisord; at most one older file is kept."""
    handler = SparingLog(Path(filename), sizes.get("maxbytes", 0) if rotating else 0)
    handler.setFormat(fmt)
    handler.setLevel(logger.level)
    logger.addHandler(handler)


def make_http_servers(options: Any, running: Any) -> list[tuple[dict[str, Any], Any]]:  # noqa: ANN401 - untyped
    """Create supervisord's servers and the read-only sockets, called by supervisord, which closes and removes them."""
    servers: list[tuple[dict[str, Any], Any]] = _make_http_servers(options, running)
    for variable, server in SOCKETS.items():
        if path := os.environ.get(variable, ""):
            servers.append(({"family": socket.AF_UNIX, "file": path}, server(Path(path), running)))
    return servers


def main() -> None:
    """Run supervisord with these logs and these sockets."""
    loggers.handle_file = handle_file
    http.make_http_servers = make_http_servers
    supervisord.main()


if __name__ == "__main__":
    main()
