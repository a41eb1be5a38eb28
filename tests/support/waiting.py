"""Waiting for a condition, never for a time: used by tests that watch real processes."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
LOOK_EVERY_S = 0.03


def until(question: Callable[[], T], what: str, seconds: float = 30.0, every_s: float = LOOK_EVERY_S) -> T:
    """The first true answer, asked for every `every_s` seconds; fails with `what` was waited for."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(every_s)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
