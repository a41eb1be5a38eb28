"""The standard streams of a command: closed ones, closed pipes, and terminals without UTF-8."""

import contextlib
import io
import os
import sys
from collections.abc import Iterator
from typing import TextIO

from sre_space.exits import PIPE_CLOSED, UNREACHABLE, sentence

STREAMS = range(3)


def repair_streams() -> None:
    """Open closed streams on the null device; print `?` for characters that an encoding lacks.

    Otherwise a file opened later could become the stdout of a program that this one starts.
    """
    for number in STREAMS:
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


@contextlib.contextmanager
def flushed_output(name: str) -> Iterator[None]:
    """Flush the output at the end; exit with 141 when its reader has closed it, with 3 when it cannot be written."""
    try:
        try:
            yield
        finally:
            _flush()
    except BrokenPipeError:
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        with contextlib.suppress(OSError):
            sys.stderr.write(sentence(name, f"the output cannot be written: {error.strerror}"))
        sys.exit(UNREACHABLE)


def _flush() -> None:
    failures: list[OSError] = []
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        try:
            stream.flush()
        except OSError as error:
            failures.append(error)
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)  # otherwise Python fails again when it exits
    if failures:
        raise failures[0]
