"""What the embedded servers' processes have in common: settings, logs, signals, a port in use."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

from sre_space.env_file import of_process
from sre_space.exits import one_sentence
from sre_space.settings import SpaceSettings

S = TypeVar("S", bound=SpaceSettings)


def run(name: str, settings: type[S], work: Callable[[S], Coroutine[None, None, None]]) -> None:
    """Run until SIGTERM or SIGINT; what a person can mend (a setting, port, file or disk) ends it in one sentence."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with one_sentence(name):
        asyncio.run(_until_stopped(work(settings.read(of_process().lines))))


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
