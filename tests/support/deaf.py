"""A bus that nobody hears and that hears nobody: agents then live by their polls."""

from sre_space.domain.errors import Unavailable
from sre_space.ports.bus import Record


class Deaf:
    """No bus: the poll alone moves the case."""

    async def publish(self, topic: str, value: bytes, *, key: bytes = b"", headers: object = None) -> None:
        """Away."""
        raise Unavailable("no bus")

    async def next(self, timeout: float) -> tuple[Record, ...]:
        """Nothing."""
        return ()

    async def commit(self) -> None:
        """Nothing."""

    def owns(self) -> bool:
        """Return True, always."""
        return True

    async def close(self) -> None:
        """Nothing."""
