"""The port to the free space of the state folder."""

from typing import Protocol

from sre_space.domain.disk_space import DiskSpace


class Storage(Protocol):
    """The file system of one folder."""

    async def room(self) -> DiskSpace:
        """Return the free space now; MUST NOT raise, and MUST really write a file: free bytes show no quota."""
        ...
