"""The machine's clock: fulfils `ports.clock.Clock`."""

import asyncio
import time
from collections.abc import Callable

from sre_space.domain.pauses import ClockPair, Pauses

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)  # Linux: goes on while the machine is suspended


class SystemClock:
    """Wall time; waiting by the event loop; pauses by the time between two questions."""

    def __init__(self, read: Callable[[], ClockPair] | None = None) -> None:
        self._read = read or _read
        self._pauses = Pauses.of_start(self._read())

    def now(self) -> int:
        """Unix nanoseconds."""
        return self.pauses().read.wall

    async def sleep(self, seconds: float) -> None:
        """Let the event loop go on meanwhile."""
        await asyncio.sleep(seconds)

    def pauses(self) -> Pauses:
        """Those until now."""
        self._pauses = self._pauses.at(self._read())
        return self._pauses


def _read() -> ClockPair:
    return ClockPair(time.time_ns(), time.clock_gettime_ns(_STEADY))
