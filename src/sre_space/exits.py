"""The exit statuses of all commands and processes, and the sentence on stderr. docs/commands.md has the table."""

import contextlib
import sys
from collections.abc import Iterator

from sre_space.disk_errors import is_disk_error
from sre_space.domain.errors import Damaged, Missing, Refused, SpaceError, Unavailable
from sre_space.text.plain_text import harmless

FAILED = 1  # refused, or a check that did not hold
USAGE = 2  # a command, option, value, setting or file that is wrong, or that names nothing
UNREACHABLE = 3  # a server, a space or a disk that does not answer
UNREAD = 4  # an answer was given, and some of its input could not be read
INTERRUPTED = 130  # 128 and SIGINT, as shells count
PIPE_CLOSED = 141  # 128 and SIGPIPE

MAX_SENTENCE = 2_000  # characters


@contextlib.contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """End the process `name` with one sentence on stderr, not a traceback, for errors that a person can fix."""
    try:
        yield
    except* (SpaceError, Damaged, OSError) as group:
        error = _first(group)
        if isinstance(error, OSError) and error.filename is None and not is_disk_error(error):
            raise
        _end(name, _message(error), status_of(error))
    except* Exception as failures:  # the outermost handler: each library raises its own error for a full disk
        error = _first(failures)
        if not is_disk_error(error):
            raise
        _end(name, f"the disk cannot be written: {error}", UNREACHABLE)


def status_of(error: BaseException) -> int:
    """Return the exit status for an error that a person can fix."""
    if isinstance(error, Unavailable) or is_disk_error(error):
        return UNREACHABLE
    return FAILED if isinstance(error, Refused) and not isinstance(error, Missing) else USAGE


def sentence(name: str, message: str) -> str:
    """Return the line for stderr: `name: message`, without control characters, its middle cut beyond MAX_SENTENCE."""
    shown = harmless(message)
    if len(shown) > MAX_SENTENCE:
        shown = f"{shown[: MAX_SENTENCE // 2]} ... {shown[-MAX_SENTENCE // 2 :]}"
    return f"{name}: {shown}\n"


def _end(name: str, message: str, status: int) -> None:
    sys.stderr.write(sentence(name, message))
    sys.exit(status)


def _message(error: BaseException) -> str:
    """Return the message of an error, with the file name where the error has one."""
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else f"the disk cannot be written: {error.strerror}"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
