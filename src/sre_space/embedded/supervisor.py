"""supervisord whose logs may fail: `python -m sre_space.embedded.supervisor -n -c FILE`.

supervisord itself ends when a log cannot be written (a full disk, a quota, a read-only file system, an I/O error), and
every unit with it. No setting of it says otherwise, so its one way to open a log file is replaced here. What cannot be
written is dropped and counted, and the log says so as soon as it can be written again.
"""

import contextlib
import errno
import os
from pathlib import Path
from typing import Any

from supervisor import loggers, supervisord

PRIVATE = 0o600


class SparingLog(loggers.Handler):  # type: ignore[misc]  # supervisor ships no types
    """A log file that never raises `OSError`; with `max_bytes` (0: none) it is rotated to one older file."""

    def __init__(self, path: Path, max_bytes: int = 0) -> None:
        super().__init__()
        self.path, self.max_bytes = path, max_bytes
        self.lost, self.reason, self.cut = 0, "", False
        self._file: int | None = None
        with contextlib.suppress(OSError):  # so that who says nothing has a log, too
            self._append(b"")

    def emit(self, record: Any) -> None:  # noqa: ANN401 - supervisor's own record
        """Append one record."""
        plain = isinstance(record.msg, bytes) and self.fmt == "%(message)s"
        data = record.msg if plain else (self.fmt % record.asdict()).encode(errors="replace")
        whole = self._notice() + data
        written = 0
        try:
            written = self._append(whole)
            if written < len(whole):  # the rest would not fit either
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.lost, self.cut = 0, False
            self._rotate()
        except OSError as error:
            self.lost += min(len(data), len(whole) - written)
            self.cut = self.cut or written > 0
            self.reason = error.strerror or str(error)
            self.close()

    def _notice(self) -> bytes:
        begin = "\n" if self.cut else ""
        told = f"{begin}(here {self.lost} bytes of this log were dropped: {self.reason})\n"
        return told.encode() if self.lost else b""

    def _append(self, data: bytes) -> int:
        """How many bytes were written."""
        if self._file is None:
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        return os.write(self._file, data)

    def _rotate(self) -> None:
        if self._file is not None and 0 < self.max_bytes <= os.fstat(self._file).st_size:
            self.close()
            self.path.replace(self.path.with_name(f"{self.path.name}.1"))
            self._append(b"")

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """The next record opens the file again."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what a network's file system could not write
                os.close(self._file)
            self._file = None

    def reopen(self) -> None:
        """Begin the file anew if it was moved away."""
        self.close()

    def remove(self) -> None:
        """Delete the file, if it can be."""
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
    """What supervisord calls for each log file, its own and the units'; one older file is kept, no further backups."""
    handler = SparingLog(Path(filename), sizes.get("maxbytes", 0) if rotating else 0)
    handler.setFormat(fmt)
    handler.setLevel(logger.level)
    logger.addHandler(handler)


def main() -> None:
    """Run supervisord with such logs."""
    loggers.handle_file = handle_file
    supervisord.main()


if __name__ == "__main__":
    main()
