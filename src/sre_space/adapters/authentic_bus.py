"""The bus restricted to authentic records: fulfils `ports.bus` around any other adapter of it.

With a key, records of the covered topics carry a MAC; a record without a valid MAC, or a copy of an earlier record, is
discarded, counted, and logged at a bounded rate. Without a key every record passes, for a bus that authenticates its
writers.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.codec.record_mac import RecordPlaces, authentic, headers_of
from sre_space.codec.topics import SIGNALS
from sre_space.domain.tally import Tally
from sre_space.ports.bus import History, Publisher, Record, Subscription

log = logging.getLogger(__name__)

FORGED = "a record of telemetry without the space's MAC"
COPY = "a record of telemetry that was heard before"


@dataclass(frozen=True)
class AuthenticBus:
    """A factory of buses that pass authentic records only; `dismissed` gets the reason for each discarded one."""

    key: bytes | None
    dismissed: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)

    def publisher(self, inner: Publisher) -> Publisher:
        """Return a publisher that adds the MAC to the records of covered topics."""
        return inner if self.key is None else _Publisher(self.key, inner)

    def subscription(self, inner: Subscription) -> Subscription:
        """Return a subscription that yields authentic records only."""
        return inner if self.key is None else _Subscription(self, inner)

    def history(self, inner: History) -> History:
        """Return a history that yields authentic records only."""
        return inner if self.key is None else _History(self, inner)

    def authentic_records(self, records: Iterable[Record], places: RecordPlaces) -> Iterator[Record]:
        """Yield the authentic records that the reader with these `places` has not seen yet.

        A discarded OTLP request is replaced by an empty one to keep its offset: frames of sketches must have no gaps.
        """
        for record in records:
            reason = self._rejection(record, places)
            if not reason:
                yield record
                continue
            self._count(reason, record.topic)
            if record.topic != SIGNALS:
                yield replace(record, value=b"")

    def _rejection(self, record: Record, places: RecordPlaces) -> str:
        if self.key is None:
            return ""
        if not authentic(self.key, record):
            return FORGED
        return COPY if places.is_copy(record) else ""

    def _count(self, reason: str, topic: str) -> None:
        self.dismissed(reason)
        if due := self.tally.due(f"{reason}, on {topic}", 1, time.monotonic_ns()):
            log.warning("discarded %d times: %s, on %s", due, reason, topic)


@dataclass(frozen=True)
class _Publisher:
    key: bytes
    inner: Publisher

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        authentic_headers = {**(headers or {}), **headers_of(self.key, topic, value)}
        await self.inner.publish(topic, value, key=key, headers=authentic_headers)

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True)
class _Subscription:
    bus: AuthenticBus
    inner: Subscription
    places: RecordPlaces = field(default_factory=RecordPlaces)

    async def next(self, timeout: float) -> Sequence[Record]:
        return list(self.bus.authentic_records(await self.inner.next(timeout), self.places))

    async def commit(self) -> None:
        await self.inner.commit()

    def owns(self) -> bool:
        return self.inner.owns()

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True)
class _History:
    bus: AuthenticBus
    inner: History

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        return list(self.bus.authentic_records(await self.inner.window(topic, since, until, limit), RecordPlaces()))
