"""The event bus: durable, ordered per partition, at least once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Record:
    """One record of a topic. `at` is the record's timestamp in Unix nanoseconds (millisecond precision)."""

    topic: str
    partition: int
    offset: int
    at: int
    value: bytes
    key: bytes = b""
    headers: Mapping[str, bytes] = field(default_factory=dict)


class Publisher(Protocol):
    """Writes records."""

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Return only when the bus has acknowledged the record durably.

        MUST be idempotent over its own retries. MUST raise `Unavailable` when the bus did not
        acknowledge within the adapter's time limit; the record MAY then still arrive. MUST raise `Refused` when
        the bus will never take the record (too large, not allowed), and MUST take the next one all the same.
        """
        ...

    async def close(self) -> None:
        """Flush and release; MUST be safe to call twice."""
        ...


class Subscription(Protocol):
    """Reads topics as one member of a group, or alone from the end."""

    async def next(self, timeout: float) -> Sequence[Record]:
        """Up to a few hundred records, in offset order per partition; empty after `timeout` seconds.

        MUST survive a restart of the bus without losing its place. MAY repeat records after a
        crash: callers de-duplicate. A bus that is down looks like an empty answer.
        """
        ...

    async def commit(self) -> None:
        """Remember everything returned so far as done (no-op for a subscription without a group)."""
        ...

    def owns(self) -> bool:
        """True while this reader is given records: it holds a partition of its group, or reads without one."""
        ...

    async def close(self) -> None:
        """Leave the group; MUST be safe to call twice."""
        ...


class History(Protocol):
    """Reads a window of the past without a group."""

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Records of all partitions with since <= at < until (Unix ns), by time; `Unavailable` if the bus is down.

        A record's time is its sender's word: one that is dated otherwise MUST NOT hide those around it. At most `limit`
        are returned: the oldest of the first `limit` in each partition.
        """
        ...
