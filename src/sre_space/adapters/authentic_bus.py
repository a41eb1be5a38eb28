"""The bus as far as its records are authentic: fulfils `ports.bus` over any other adapter of it.

With a key, records of the covered topics carry a MAC, and one without is not heard, nor a copy of one that was; each is
counted, and told at a bounded rate. Without a key everything passes, as in a space whose bus asks who writes.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.codec.record_mac import Places, authentic, headers_of
from sre_space.codec.topics import SIGNALS
from sre_space.domain.tally import Tally
from sre_space.ports.bus import History, Publisher, Record, Subscription

log = logging.getLogger(__name__)

FORGED = "a record of telemetry without the space's MAC"
COPY = "a record of telemetry that was heard before"


@dataclass(frozen=True)
class AuthenticBus:
    """`dismissed` hears the reason of each record that is not authentic."""

    key: bytes | None
    dismissed: Callable[[str], None]
    tally: Tally = field(default_factory=Tally)

    def publisher(self, inner: Publisher) -> Publisher:
        """Return a publisher whose records are authentic."""
        return inner if self.key is None else _Publisher(self.key, inner)

    def subscription(self, inner: Subscription) -> Subscription:
        """Return a subscription that hears only what is authentic."""
        return inner if self.key is None else _Subscription(self, inner)

    def history(self, inner: History) -> History:
        """Return a history of what is authentic."""
        return inner if self.key is None else _History(self, inner)

    def heard(self, records: Iterable[Record], places: Places) -> Iterator[Record]:
        """Yield the authentic records that this reader, who has `places`, has not heard yet.

        Another request of OTLP is an empty one, for its place counts: frames of sketches have no gaps.
        """
        for record in records:
            reason = self._wrong(record, places)
            if not reason:
                yield record
                continue
            self._count(reason, record.topic)
            if record.topic != SIGNALS:
                yield replace(record, value=b"")

    def _wrong(self, record: Record, places: Places) -> str:
        if self.key is None:
            return ""
        if not authentic(self.key, record):
            return FORGED
        return COPY if places.copied(record) else ""

    def _count(self, reason: str, topic: str) -> None:
        self.dismissed(reason)
        if due := self.tally.due(f"{reason}, on {topic}", 1, time.monotonic_ns()):
            log.warning("%d times not heard: %s, on %s", due, reason, topic)


@dataclass(frozen=True)
class _Publisher:
    key: bytes
    inner: Publisher

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        told = {**(headers or {}), **headers_of(self.key, topic, value)}
        await self.inner.publish(topic, value, key=key, headers=told)

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True)
class _Subscription:
    bus: AuthenticBus
    inner: Subscription
    places: Places = field(default_factory=Places)

    async def next(self, timeout: float) -> Sequence[Record]:
        return list(self.bus.heard(await self.inner.next(timeout), self.places))

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
        return list(self.bus.heard(await self.inner.window(topic, since, until, limit), Places()))
