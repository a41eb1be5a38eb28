"""The machine's clock: fulfils `ports.clock.Clock`."""

import asyncio
import time
from collections.abc import Callable

from sre_space.domain.pauses import ClockPair, Pauses

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # on Linux it advances while the machine is suspended


class SystemClock:
    """The wall clock; pauses of the process are found by comparing it with a steady clock at each call."""

    def __init__(self, read: Callable[[], ClockPair] | None = None) -> None:
        self._read = read or _read
        self._pauses = Pauses.of_start(self._read())

    def now(self) -> int:
        """Return the wall time in Unix ns."""
        return self.pauses().read.wall

    async def sleep(self, seconds: float) -> None:
        """Wait without blocking the event loop."""
        await asyncio.sleep(seconds)

    def pauses(self) -> Pauses:
        """Return the pauses of this process until now."""
        self._pauses = self._pauses.at(self._read())
        return self._pauses


def _read() -> ClockPair:
    return ClockPair(time.time_ns(), time.clock_gettime_ns(_STEADY))
