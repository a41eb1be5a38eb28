"""The port to the event bus: durable, ordered per partition, delivery at least once."""

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
    """A producer of records."""

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Publish a record; return only when the bus has acknowledged it durably.

        MUST be idempotent over its own retries. MUST raise `Unavailable` when the bus did not
        acknowledge within the adapter's time limit; the record MAY then still arrive. MUST raise `Refused` when
        the bus will never accept the record (too large, not allowed), and MUST still publish later records.
        """
        ...

    async def close(self) -> None:
        """Flush and release the connection; MUST be safe to call twice."""
        ...


class Subscription(Protocol):
    """A consumer of topics, as a member of a consumer group or without a group from the end."""

    async def next(self, timeout: float) -> Sequence[Record]:
        """Return up to a few hundred records, in offset order per partition; none after `timeout` seconds.

        MUST keep its offsets over a restart of the bus. MAY repeat records after a
        crash: callers de-duplicate. While the bus is down the answer is empty.
        """
        ...

    async def commit(self) -> None:
        """Commit the offsets of all records returned so far; a no-op for a subscription without a group."""
        ...

    def owns(self) -> bool:
        """Return True while this consumer gets records: it has a partition of its group, or no group."""
        ...

    async def close(self) -> None:
        """Leave the group; MUST be safe to call twice."""
        ...


class History(Protocol):
    """A reader of a time window of past records, without a consumer group."""

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Return the records of all partitions with since <= at < until (Unix ns), by time.

        MUST raise `Unavailable` when the bus is down. A record's timestamp is set by its sender: a wrong one MUST NOT
        hide the records around it. Of more than `limit` records of a partition the oldest are returned.
        """
        ...
