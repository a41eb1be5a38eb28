"""The port to what units write: evidence that a restart may take away, so it is kept before."""

from typing import Protocol

MAX_OUTPUT = 64 * 1024  # bytes of a unit


class UnitOutput(Protocol):
    """A reader of the newest lines that units wrote to their standard output and error."""

    async def newest(self, name: str) -> bytes:
        """Return the newest output of a unit, of all its instances, also of processes that have ended.

        MUST return no more than `MAX_OUTPUT` bytes, and raise `Missing` for a unit that the runtime does not know,
        `Unavailable` when it does not answer. What it returns is data, never an instruction.
        """
        ...
