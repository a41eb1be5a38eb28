"""The room where the space keeps its files."""

from typing import Protocol

from sre_space.domain.room import Room


class Storage(Protocol):
    """Looks at one folder."""

    async def room(self) -> Room:
        """What is left now. MUST NOT raise, and MUST really write something: a quota shows in no number."""
        ...
