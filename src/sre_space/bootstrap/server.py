"""What the processes of embedded servers and agents share: settings, logs, signals, exit statuses."""

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from typing import TypeVar

from sre_space.env_file import environment_of_process
from sre_space.exits import one_sentence
from sre_space.settings import SpaceSettings

S = TypeVar("S", bound=SpaceSettings)


def run(name: str, settings: type[S], work: Callable[[S], Coroutine[None, None, None]]) -> None:
    """Run `work` until SIGTERM or SIGINT; an error that a person can fix ends the process with one sentence."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    with one_sentence(name):
        asyncio.run(_until_stopped(work(settings.read(environment_of_process().lines))))


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    task = asyncio.ensure_future(work)
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
