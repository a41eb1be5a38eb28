"""The outermost layer of the command: every error ends with a named exit status and one sentence, no traceback."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Callable
from typing import TextIO

from sre_chaos.errors import NoTarget, Unreachable, Wrong

FAILED, USAGE, UNREACHABLE, INTERRUPTED, PIPE_CLOSED = 1, 2, 3, 130, 141


def exit_status(work: Callable[[], int]) -> int:
    """Return the exit status of the work; an error that a person can fix is one sentence on stderr."""
    _repair_streams()
    try:
        try:
            return work()
        finally:
            sys.stdout.flush()
    except NoTarget as error:
        return _failed(str(error), UNREACHABLE if isinstance(error, Unreachable) else _refused(error))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # otherwise Python fails again when it flushes at exit
        return PIPE_CLOSED
    except OSError as error:
        if error.filename is not None:
            return _failed(f"{error.filename}: {error.strerror}", USAGE)
        if error.errno != errno.ENOSPC:
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return _failed(f"the output cannot be written: {error.strerror}", UNREACHABLE)
    except KeyboardInterrupt:
        return INTERRUPTED


def _refused(error: NoTarget) -> int:
    return USAGE if isinstance(error, Wrong) else FAILED


def _failed(text: str, status: int) -> int:
    shown = "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    with contextlib.suppress(OSError):
        sys.stderr.write(f"chaos: {shown}\n")
    return status


def _repair_streams() -> None:
    """Open closed standard streams on the null device; write `?` for characters that the encoding lacks."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest free number, which is this one
    sys.stdout, sys.stderr = _opened(sys.stdout, 1), _opened(sys.stderr, 2)


def _opened(stream: TextIO | None, number: int) -> TextIO:
    if stream is None:
        return os.fdopen(number, "w", closefd=False, errors="replace")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
    return stream
