"""The port to time, so that tests can control it."""

from typing import Protocol

from sre_space.domain.pauses import Pauses


class Clock(Protocol):
    """The wall clock, sleeping, and the pauses of this process."""

    def now(self) -> int:
        """Return the present time in Unix nanoseconds."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock's time."""
        ...

    def pauses(self) -> Pauses:
        """Return the pauses of this process (`domain/pauses.py`) up to now.

        The first call after a pause MUST already include it. For that, this method or `now` MUST be called several
        times a second: `loop/watch.py` does so.
        """
        ...
