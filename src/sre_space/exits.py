"""How every command and process ends: its exit status, and one sentence on stderr. The table is in docs/commands.md."""

import contextlib
import sys
from collections.abc import Iterator

from sre_space.domain.errors import Damaged, Missing, Refused, SpaceError, Unavailable
from sre_space.embedded.storing import is_of_disk
from sre_space.text.plain_text import harmless

FAILED = 1  # refused, or a check that did not hold
USAGE = 2  # a command, option, value, setting or file that is wrong, or that names nothing
UNREACHABLE = 3  # a server, a space or a disk that does not answer
INTERRUPTED = 130  # 128 and SIGINT, as shells count
PIPE_CLOSED = 141  # 128 and SIGPIPE

MAX_SENTENCE = 2_000  # characters


@contextlib.contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """End the process `name` with one sentence for what a person can mend, instead of a traceback."""
    try:
        yield
    except* (SpaceError, Damaged, OSError) as group:
        error = _first(group)
        if isinstance(error, OSError) and error.filename is None and not is_of_disk(error):
            raise
        _end(name, _told(error), status_of(error))
    except* Exception as failures:  # the outermost edge: each library has its own error for a full disk
        error = _first(failures)
        if not is_of_disk(error):
            raise
        _end(name, f"the disk takes nothing: {error}", UNREACHABLE)


def status_of(error: BaseException) -> int:
    """Return the exit status that fits an error that a person can mend."""
    if isinstance(error, Unavailable) or is_of_disk(error):
        return UNREACHABLE
    return FAILED if isinstance(error, Refused) and not isinstance(error, Missing) else USAGE


def sentence(name: str, told: str) -> str:
    """Return what `name` says of an error: without control characters, and cut where nobody would read it."""
    shown = harmless(told)
    if len(shown) > MAX_SENTENCE:
        shown = f"{shown[: MAX_SENTENCE // 2]} ... {shown[-MAX_SENTENCE // 2 :]}"
    return f"{name}: {shown}\n"


def _end(name: str, told: str, status: int) -> None:
    sys.stderr.write(sentence(name, told))
    sys.exit(status)


def _told(error: BaseException) -> str:
    """Return what it says, with the file where it names one."""
    if not isinstance(error, OSError):
        return str(error)
    return f"{error.filename}: {error.strerror}" if error.filename else f"the disk takes nothing: {error.strerror}"


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    error: BaseException = group
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
