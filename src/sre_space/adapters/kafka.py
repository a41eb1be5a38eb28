"""Kafka by confluent-kafka: fulfils `ports.bus`. librdkafka's calls block, so they run on threads."""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    Producer,
    TopicPartition,
)

from sre_space.adapters.kafka_reading import BatchReader, record_of
from sre_space.adapters.kafka_topics import make_topics
from sre_space.codec.kafka_errors import PERMANENT
from sre_space.codec.topics import ONE_PARTITION
from sre_space.domain.errors import Refused, SpaceError, Unavailable
from sre_space.ports.bus import Record

log = logging.getLogger(__name__)

ACKNOWLEDGED_WITHIN_S = 10.0
ANSWERED_WITHIN_S = 2.0
WINDOW_WITHIN_S = 20.0  # Scout reads a quarter of an hour of spans at its start
BATCH = 500
FATAL = (KafkaException, SystemError)  # raised by polling a producer; the latter when delivery reports are pending too
_QUIET: dict[str, Any] = {"log_level": 3, "reconnect.backoff.max.ms": 500, "logger": log}
# Without the CRC check librdkafka passes on damaged records.
_CHECKED: dict[str, Any] = {"check.crcs": True, "enable.auto.commit": False, **_QUIET}


class KafkaPublisher:
    """An idempotent producer; each `publish` waits for the acknowledgement of its own record."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._producer = _producer(bootstrap)
        self._polling: asyncio.Task[None] | None = None
        self._in_flight: set[asyncio.Future[None]] = set()
        self._to_make = set(ONE_PARTITION)

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Wait for the acknowledgement; raise `Unavailable` without one in 10 s, `Refused` when it can never come."""
        await self._make(topic)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def delivered(error: KafkaError | None, _: Message) -> None:
            loop.call_soon_threadsafe(_settle, done, error)

        try:
            self._producer.produce(
                topic, value, key or None, on_delivery=delivered, headers=list((headers or {}).items())
            )
        except BufferError as error:
            raise Unavailable(f"the bus at {self._bootstrap} accepts no more records for now: {error}") from error
        except KafkaException as error:
            raise self._delivery_error(error, topic, len(value)) from error
        self._in_flight.add(done)
        try:
            await self._polled(done)
        except KafkaException as error:
            raise self._delivery_error(error, topic, len(value)) from error
        finally:
            self._in_flight.discard(done)

    async def _make(self, topic: str) -> None:
        """Create a topic of one partition before its first record: a broker would create it with its default number."""
        if topic not in self._to_make:
            return
        try:
            await asyncio.to_thread(make_topics, self._bootstrap, [topic])
        except KafkaException as error:
            raise Unavailable(f"the bus at {self._bootstrap} does not answer: {error}") from error
        self._to_make.discard(topic)

    def _delivery_error(self, error: KafkaException, topic: str, size: int) -> SpaceError:
        """Return the error to raise for a Kafka error; a producer with a fatal error is replaced."""
        reason = error.args[0]
        if reason.code() in PERMANENT:
            return Refused(f"the bus at {self._bootstrap} refuses {size} bytes for {topic}: {error}")
        if reason.fatal() or reason.code() == KafkaError._FATAL:
            self._replace_producer()
        return Unavailable(f"the bus at {self._bootstrap} did not acknowledge: {error}")

    def _replace_producer(self) -> None:
        """Replace a producer with a fatal error, which cannot recover; pending `publish` calls fail."""
        broken, self._producer = self._producer, _producer(self._bootstrap)
        broken.purge()
        for done in self._in_flight:
            _settle(done, KafkaError(KafkaError._PURGE_INFLIGHT))

    async def _polled(self, done: "asyncio.Future[None]") -> None:
        """Wait for a delivery report; reports arrive in `poll`, called by one thread while any record is in flight."""
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        await done

    async def _poll(self) -> None:
        while self._in_flight:
            try:
                await asyncio.to_thread(self._producer.poll, 0.05)
            except FATAL as error:
                log.error("the producer for %s is replaced: %s", self._bootstrap, error)
                self._replace_producer()

    async def close(self) -> None:
        """Flush pending records for up to two seconds."""
        await asyncio.to_thread(self._producer.flush, ANSWERED_WITHIN_S)


def _producer(bootstrap: str) -> Producer:
    return Producer(
        {
            "bootstrap.servers": bootstrap,
            "linger.ms": 0,
            "enable.idempotence": True,
            "message.timeout.ms": int(ACKNOWLEDGED_WITHIN_S * 1000),
            "topic.metadata.refresh.interval.ms": 60_000,
            **_QUIET,
        }
    )


def _settle(done: "asyncio.Future[None]", error: KafkaError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(KafkaException(error))


class KafkaSubscription:
    """A member of the consumer group `group`; without a group, a reader of the new records of all partitions."""

    def __init__(self, bootstrap: str, topics: Sequence[str], group: str | None, start: str = "latest") -> None:
        self._topics, self._group = list(topics), group
        self._bootstrap = bootstrap
        self._closed = False
        self._assigned = False
        self._owns = False
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group or "unused",
                "auto.offset.reset": start,
                "session.timeout.ms": 6000,
                "socket.timeout.ms": 6000,  # how long a commit waits for a broker that hangs
                "fetch.wait.max.ms": 500,
                "fetch.error.backoff.ms": 100,
                "enable.partition.eof": False,
                **_CHECKED,
            }
        )
        self._reading = BatchReader(self._consumer)

    async def next(self, timeout: float) -> Sequence[Record]:
        """Return new records, oldest first per partition; empty without records or without an answer of the bus."""
        return await asyncio.to_thread(self._next, timeout)

    def _next(self, timeout: float) -> list[Record]:
        try:
            if not self._assigned:
                self._assign(timeout)
            first = self._consumer.poll(timeout)
            rest = self._consumer.consume(BATCH, 0) if first is not None else []
            return self._reading.records([first, *rest])
        except KafkaException as error:
            log.info("the bus does not answer: %s", error)
            time.sleep(min(timeout, 0.2))  # on this thread: the caller asked to wait up to `timeout`
            return []

    def _assign(self, timeout: float) -> None:
        make_topics(self._bootstrap, self._topics)
        if self._group is not None:
            self._consumer.subscribe(
                self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_revoke
            )
            self._assigned = True
            return
        assigned = []
        for topic in self._topics:
            listed = self._consumer.list_topics(topic, timeout=max(timeout, 1.0)).topics[topic]
            for number in listed.partitions:
                _, high = self._consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=2.0)
                assigned.append(TopicPartition(topic, number, high))
        self._consumer.assign(assigned)
        self._assigned = self._owns = True

    async def commit(self) -> None:
        """Commit the offsets of the records that `next` returned; raise `Unavailable` when the bus does not."""
        if self._group is None:
            return
        try:
            await asyncio.to_thread(partial(self._consumer.commit, asynchronous=False))
        except KafkaException as error:
            if error.args[0].code() != KafkaError._NO_OFFSET:
                raise Unavailable(f"the bus at {self._bootstrap} did not commit: {error}") from error

    def _on_assign(self, _: Consumer, partitions: list[TopicPartition]) -> None:
        self._owns = bool(partitions)

    def _on_revoke(self, _: Consumer, __: list[TopicPartition]) -> None:
        self._owns = False

    def owns(self) -> bool:
        """Return True while partitions are assigned, by the last callback: asking librdkafka would block."""
        return self._owns

    async def close(self) -> None:
        """Leave the group and close the consumer."""
        if not self._closed:
            self._closed = True
            await asyncio.to_thread(self._consumer.close)


class KafkaHistory:
    """A reader of past records; each window is read by a consumer of its own, all partitions at once."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """Return at most `limit` records in [`since`, `until`) (Unix ns), by time; raise `Unavailable` on failure."""
        try:
            async with asyncio.timeout(WINDOW_WITHIN_S):
                return await asyncio.to_thread(self._window, topic, since, until, limit)
        except (KafkaException, TimeoutError) as error:
            raise Unavailable(f"the bus at {self._bootstrap} does not answer: {error}") from error

    def _window(self, topic: str, since: int, until: int, limit: int) -> list[Record]:
        consumer = Consumer(
            {"bootstrap.servers": self._bootstrap, "group.id": "unused", "enable.partition.eof": True, **_CHECKED}
        )
        try:
            listed = consumer.list_topics(topic, timeout=ANSWERED_WITHIN_S).topics[topic]
            asked = [TopicPartition(topic, number, since // 10**6) for number in listed.partitions]
            starts = consumer.offsets_for_times(asked, timeout=ANSWERED_WITHIN_S) if asked else []
            records = _read(consumer, [start for start in starts if start.offset >= 0], (since, until), limit)
        finally:
            consumer.close()
        return sorted(records, key=lambda record: record.at)[:limit]


def _read(consumer: Consumer, starts: Sequence[TopicPartition], window: tuple[int, int], limit: int) -> list[Record]:
    """Return the records in the window of each partition, from its start to its present end, at most `limit` of each.

    Senders set the times, which need not rise within a partition, so a late time does not end the reading. Raise
    `KafkaException` on an error of the bus or after `WINDOW_WITHIN_S`.
    """
    ends = {start.partition: consumer.get_watermark_offsets(start, timeout=ANSWERED_WITHIN_S)[1] for start in starts}
    remaining = {start.partition: limit for start in starts if start.offset < ends[start.partition]}
    consumer.assign([start for start in starts if start.partition in remaining])
    records: list[Record] = []
    deadline, reading = time.monotonic() + WINDOW_WITHIN_S, BatchReader(consumer)
    while remaining:
        message = consumer.poll(ANSWERED_WITHIN_S) if time.monotonic() < deadline else None
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # the end: the last record is lost
                remaining.pop(message.partition() or 0, None)
            elif not reading.passed(message):
                raise KafkaException(error)
            continue
        record = record_of(message)
        if record.partition not in remaining:
            continue
        if window[0] <= record.at < window[1]:
            records.append(record)
            remaining[record.partition] -= 1
        if record.offset + 1 >= ends[record.partition] or not remaining[record.partition]:
            del remaining[record.partition]
    return records
