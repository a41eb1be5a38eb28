"""The port to the dashboard's kept history: blocks of numbers by subject, resolution and begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class StoredBlock:
    """The numbers of one subject for a while from `start` (Unix s), one each `step` seconds, as opaque bytes."""

    subject: str
    step: int
    start: int
    values: bytes


class Blocks(Protocol):
    """A bounded store of blocks, durable over a restart of the process."""

    async def put(self, blocks: Sequence[StoredBlock]) -> None:
        """Store or replace blocks, all or none; MUST raise `Unavailable` when the disk cannot be written."""
        ...

    async def read(self, subject: str, step: int, since: int, until: int) -> Sequence[StoredBlock]:
        """Return a subject's blocks that begin in [since, until) (Unix s), oldest first."""
        ...

    async def at(self, step: int, start: int) -> Sequence[StoredBlock]:
        """Return the blocks of all subjects that begin at `start` (Unix s)."""
        ...

    async def first(self, subject: str) -> int | None:
        """Return when a subject's oldest block begins (Unix s); None when nothing is kept."""
        ...

    async def forget(self, step: int, before: int) -> None:
        """Remove blocks of this resolution that begin before a time (Unix s).

        MUST also remove the oldest ones while the store is larger than its limit.
        """
        ...

    async def close(self) -> None:
        """Write what is pending and close; MUST be safe to call twice."""
        ...
