"""Time, so that tests own it."""

from typing import Protocol


class Clock(Protocol):
    """Wall time and waiting."""

    def now(self) -> int:
        """Unix nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...
