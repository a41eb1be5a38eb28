"""The room where the space keeps its files."""

from typing import Protocol

from sre_space.domain.disk_space import DiskSpace


class Storage(Protocol):
    """Looks at one folder."""

    async def room(self) -> DiskSpace:
        """What is left now. MUST NOT raise, and MUST really write something: a quota shows in no number."""
        ...
