"""Time, so that tests own it."""

from typing import Protocol

from sre_space.domain.pauses import Pauses


class Clock(Protocol):
    """Wall time and waiting."""

    def now(self) -> int:
        """Unix nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock's time."""
        ...

    def pauses(self) -> Pauses:
        """When this process did not run, known at the moment of asking.

        MUST tell a pause to whoever asks first after it. Somebody MUST ask, or ask for the time, several times a
        second: `loop/watch.py` does.
        """
        ...
