"""The calls on topics and records: metadata, produce, fetch, offsets (Kafka protocol guide, non-flexible versions)."""

import asyncio
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sre_space.embedded.bus import codec
from sre_space.embedded.bus.codec import ProtocolError, Reader, array, int8, int16, int32, int64, text
from sre_space.embedded.bus.partition import CORRUPT, OFFSET_OUT_OF_RANGE, Partition
from sre_space.embedded.bus.topics import Topics

NODE = 0
UNKNOWN_TOPIC, INVALID_TOPIC, TOPIC_EXISTS = 3, 17, 36
MAX_FETCH_BYTES = 8 * 2**20


@dataclass
class Records:
    """Everything that needs no group."""

    topics: Topics
    host: str
    port: int
    bell: dict[Partition, set[asyncio.Event]] = field(default_factory=dict)
    producer_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(time.time_ns() // 1000))

    async def metadata(self, request: Reader, version: int) -> bytes:
        """Brokers and topics; a named topic that does not exist is made (v4 can forbid it)."""
        everything = request.int32()
        wanted = [request.text() for _ in range(everything)] if everything > 0 else []
        create = bool(request.int8()) if version >= 4 else True
        for topic in wanted if create else ():
            self.topics.create(topic)
        names = self.topics.names() if everything < 0 else wanted
        broker = int32(NODE) + text(self.host) + int32(self.port) + text(None)
        head = (int32(0) if version >= 3 else b"") + array([broker]) + (text("sre-space") if version >= 2 else b"")
        return head + int32(NODE) + array(self._described(name) for name in names)

    def _described(self, name: str) -> bytes:
        partitions = self.topics.get(name)
        node = array([int32(NODE)])
        described = (int16(0) + int32(n) + int32(NODE) + node + node for n in range(len(partitions)))
        return int16(0 if partitions else UNKNOWN_TOPIC) + text(name) + int8(0) + array(described)

    async def create_topics(self, request: Reader, version: int) -> bytes:
        """Topics with a number of partitions; assignments and configurations are read and ignored."""

        def one() -> tuple[str, int]:
            name, count, _ = request.text(), request.int32(), request.int16()
            request.array(lambda: (request.int32(), request.array(request.int32)))
            request.array(lambda: (request.text(), request.text()))
            return name, count

        results = []
        for name, count in request.array(one):
            exists = bool(self.topics.get(name))
            error = 0 if self.topics.create(name, count) else (TOPIC_EXISTS if exists else INVALID_TOPIC)
            results.append(text(name) + int16(error) + (text(None) if version >= 1 else b""))
        return (int32(0) if version >= 2 else b"") + array(results)

    async def produce(self, request: Reader, version: int) -> bytes | None:
        """Append and wake the fetchers; nothing is answered when the client wants no acknowledgement."""
        request.text()
        acks, _ = request.int16(), request.int32()
        answers = request.array(lambda: self._topic(request, lambda topic: self._append(request, topic, version)))
        return array(answers) + int32(0) if acks else None

    def _append(self, request: Reader, topic: str, version: int) -> bytes:
        number, records = request.int32(), request.data()
        partition = self.topics.partition(topic, number)
        error, base = UNKNOWN_TOPIC, -1
        if partition is not None:
            try:
                error, base = partition.append(records)
            except ProtocolError:
                error = CORRUPT
            for event in self.bell.get(partition, ()):
                event.set()
        start = int64(partition.start if partition else -1) if version >= 5 else b""
        return int32(number) + int16(error) + int64(base) + int64(-1) + start

    @staticmethod
    def _topic(request: Reader, partition: Callable[[str], bytes]) -> bytes:
        name = request.text()
        return text(name) + array(request.array(lambda: partition(name)))

    async def fetch(self, request: Reader, version: int) -> bytes:
        """Records from the asked offsets; waits until there are some, or `max_wait` is over."""
        request.int32()
        wait_ms, min_bytes, max_bytes, _ = request.int32(), request.int32(), request.int32(), request.int8()
        if version >= 7:
            request.int64()
        wanted = request.array(lambda: (request.text(), request.array(lambda: self._wanted(request, version))))
        partitions = [p for topic, asked in wanted for n, *_ in asked if (p := self.topics.partition(topic, n))]
        event = asyncio.Event()
        for partition in partitions:
            self.bell.setdefault(partition, set()).add(event)
        try:
            answer, size = self._read(wanted, max_bytes, version)
            if size < min_bytes and wait_ms > 0:
                await _set_within(event, wait_ms / 1000)
                answer, _ = self._read(wanted, max_bytes, version)
        finally:
            for partition in partitions:
                self.bell[partition].discard(event)
        return int32(0) + (int16(0) + int32(0) if version >= 7 else b"") + answer

    @staticmethod
    def _wanted(request: Reader, version: int) -> tuple[int, int, int]:
        number = request.int32()
        if version >= 9:
            request.int32()
        offset = request.int64()
        if version >= 5:
            request.int64()
        return number, offset, request.int32()

    def _read(
        self, wanted: list[tuple[str, list[tuple[int, int, int]]]], budget: int, version: int
    ) -> tuple[bytes, int]:
        total, topics = 0, []
        budget = min(budget, MAX_FETCH_BYTES)
        for topic, asked in wanted:
            answers = []
            for number, offset, limit in asked:
                head, records = self._fetched(topic, number, offset, min(limit, budget - total), version)
                total += len(records)
                answers.append(head + codec.data(records))
            topics.append(text(topic) + array(answers))
        return array(topics), total

    def _fetched(self, topic: str, number: int, offset: int, limit: int, version: int) -> tuple[bytes, bytes]:
        partition = self.topics.partition(topic, number)
        error, end, start, records = UNKNOWN_TOPIC, -1, -1, b""
        if partition is not None:
            end, start = partition.next, partition.start
            error = 0 if start <= offset <= end else OFFSET_OUT_OF_RANGE
            records = partition.read(offset, limit) if not error and limit > 0 else b""
        head = int32(number) + int16(error) + int64(end) + int64(end) + (int64(start) if version >= 5 else b"")
        return head + array([]) + (int32(-1) if version >= 11 else b""), records

    async def list_offsets(self, request: Reader, version: int) -> bytes:
        """The first (-2) or next (-1) offset, or the first at or after a time."""
        request.int32()
        if version >= 2:
            request.int8()
        answers = request.array(lambda: self._topic(request, lambda topic: self._offset(request, topic)))
        return (int32(0) if version >= 2 else b"") + array(answers)

    def _offset(self, request: Reader, topic: str) -> bytes:
        number, at = request.int32(), request.int64()
        partition = self.topics.partition(topic, number)
        if partition is None:
            return int32(number) + int16(UNKNOWN_TOPIC) + int64(-1) + int64(-1)
        found = (-1, {-1: partition.next, -2: partition.start}[at]) if at in (-1, -2) else partition.offset_at(at)
        return int32(number) + int16(0) + int64(found[0]) + int64(found[1])

    async def init_producer_id(self, request: Reader, version: int) -> bytes:
        """A producer id that no earlier life of this broker gave out: they count from the time of its start."""
        return int32(0) + int16(0) + int64(next(self.producer_ids)) + int16(0)


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
