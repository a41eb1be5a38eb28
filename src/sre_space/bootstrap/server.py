"""What the embedded servers' processes have in common: settings, logs, signals, a port in use."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

from sre_space.domain.errors import SpaceError
from sre_space.embedded.storing import is_of_disk
from sre_space.settings import Space

WRONG_SETTING = 2
S = TypeVar("S", bound=Space)


def run(name: str, settings: type[S], work: Callable[[S], Coroutine[None, None, None]]) -> None:
    """Run until SIGTERM or SIGINT; a wrong setting, a taken port or a full disk ends the process with one sentence."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        asyncio.run(_until_stopped(work(settings.read())))
    except* SpaceError as group:
        sys.stderr.write(f"{name}: {_first(group)}\n")
        sys.exit(WRONG_SETTING)
    except* Exception as failures:  # the outermost edge: each library has its own error for a full disk
        error = _first(failures)
        if not is_of_disk(error):
            raise
        sys.stderr.write(f"{name}: the disk takes nothing: {error}\n")
        sys.exit(WRONG_SETTING)


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
