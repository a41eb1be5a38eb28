"""What the embedded servers' processes have in common: settings, logs, signals, a port in use."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar

from sre_space.bootstrap.env_file import of_process
from sre_space.domain.errors import Damaged, SpaceError
from sre_space.embedded.storing import is_of_disk
from sre_space.settings import Space

WRONG_SETTING = 2
S = TypeVar("S", bound=Space)


def run(name: str, settings: type[S], work: Callable[[S], Coroutine[None, None, None]]) -> None:
    """Run until SIGTERM or SIGINT; what a person can mend (a setting, port, file or disk) ends it in one sentence."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with one_sentence(name):
        asyncio.run(_until_stopped(work(settings.read(of_process().lines))))


@contextlib.contextmanager
def one_sentence(name: str) -> Iterator[None]:
    """End the process `name` with one sentence for what a person can mend, instead of a traceback."""
    try:
        yield
    except* (SpaceError, Damaged, OSError) as group:
        error = _first(group)
        if isinstance(error, OSError) and error.filename is None and not is_of_disk(error):
            raise
        sys.stderr.write(f"{name}: {_told(error)}\n")
        sys.exit(WRONG_SETTING)
    except* Exception as failures:  # the outermost edge: each library has its own error for a full disk
        error = _first(failures)
        if not is_of_disk(error):
            raise
        sys.stderr.write(f"{name}: the disk takes nothing: {error}\n")
        sys.exit(WRONG_SETTING)


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


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
