"""Waiting for a condition, never for a time: used by tests that watch real processes."""

import contextlib
import itertools
import os
import random
import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
WORKERS, FIRST_PORT, PORTS = 8, 10_000, 1_000  # below those of spaces (bootstrap/space/ports.py)
LOOK_EVERY_S = 0.03
LONGEST_S = 300.0  # a bound for what hangs, however slow the machine is: no test waits for it to pass

_ports = [
    itertools.cycle(random.sample(range(first, first + PORTS), PORTS))
    for first in range(FIRST_PORT, FIRST_PORT + WORKERS * PORTS, PORTS)
]


def until(question: Callable[[], T], what: str, seconds: float = LONGEST_S, every_s: float = LOOK_EVERY_S) -> T:
    """Return the first true answer, asking every `every_s` seconds; fail, naming `what`, after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(every_s)
    raise AssertionError(f"not within {seconds:g} s: {what}")


def free_port() -> int:
    """Return a port that nobody listens on now, and that neither a connection nor another worker of xdist will take.

    The kernel gives connections ports from 32768 on.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    for port in _ports[worker % WORKERS]:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
