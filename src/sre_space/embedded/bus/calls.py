"""The calls on topics and records: metadata, produce, fetch, offsets (Kafka protocol guide, non-flexible versions)."""

import asyncio
import itertools
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field

from sre_space.embedded.bus import codec
from sre_space.embedded.bus.batches import OFFSET_OUT_OF_RANGE, InvalidBatch
from sre_space.embedded.bus.codec import WireReader, array, int8, int16, int32, int64, text
from sre_space.embedded.bus.partition import Partition
from sre_space.embedded.bus.topics import INVALID_TOPIC, UNKNOWN_TOPIC, Topics
from sre_space.embedded.storing import Storing

log = logging.getLogger(__name__)

NODE = 0
UNSUPPORTED_VERSION = 35
STORAGE_ERROR = 56  # KAFKA_STORAGE_ERROR: every client tries again
LATEST, EARLIEST = -1, -2
TOPIC_RESOURCE = 2
MAX_FETCH_BYTES = 8 * 2**20

Place = tuple[int, int, int]  # a partition's number, an offset in it, and how many bytes at most


@dataclass
class Records:
    """Everything that needs no group."""

    topics: Topics
    node: bytes  # this broker: id, host and port
    bell: dict[Partition, set[asyncio.Event]] = field(default_factory=dict)
    producer_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(time.time_ns() // 1000))
    storing: Storing = field(init=False)

    def __post_init__(self) -> None:
        self.storing = Storing(f"the bus stores no records in {self.topics.folder}")

    async def metadata(self, request: WireReader, version: int) -> bytes:
        """Brokers and topics; a named topic that does not exist is made (v4 can forbid it)."""
        everything = request.int32()
        wanted = [request.text() for _ in range(everything)] if everything > 0 else []
        create = bool(request.int8()) if version >= 4 else True
        for topic in wanted if create else ():
            if not self.topics.refusal(topic):
                self._create(topic)
        names = self.topics.names() if everything < 0 else wanted
        head = array([self.node + text(None)]) + (text("sre-space") if version >= 2 else b"")
        return head + int32(NODE) + array(self._described(name) for name in names)

    def _create(self, topic: str, count: int = -1) -> int:
        """Make a topic; an error code."""
        try:
            self.topics.create(topic, count)
        except OSError as error:
            self.storing.failed(error)
            return STORAGE_ERROR
        return 0

    def _described(self, name: str) -> bytes:
        partitions = self.topics.get(name)
        missing = INVALID_TOPIC if self.topics.refusal(name) == INVALID_TOPIC else UNKNOWN_TOPIC
        node = array([int32(NODE)])
        described = (int16(0) + int32(n) + int32(NODE) + node + node for n in range(len(partitions)))
        return int16(0 if partitions else missing) + text(name) + int8(0) + array(described)

    async def create_topics(self, request: WireReader, _version: int) -> bytes:
        """Topics with a number of partitions, or only the answer whether they could be made.

        Where replicas should be and configurations are read and ignored.
        """

        def one() -> tuple[str, int, int]:
            name, count, copies = request.text(), request.int32(), request.int16()
            assigned = request.array(lambda: (request.int32(), request.array(request.int32)))
            request.array(lambda: (request.text(), request.text()))
            return name, len(assigned) or count, copies

        wanted, _, only_asked = request.array(one), request.int32(), request.int8()
        results = []
        for name, count, copies in wanted:
            error = self.topics.refusal(name, count, copies)
            if not error and not only_asked:
                error = self._create(name, count)
            results.append(text(name) + int16(error) + text(None))
        return array(results)

    async def describe_configs(self, request: WireReader, _version: int) -> bytes:
        """No topic has a setting of its own; command-line tools ask before they describe a topic."""

        def one() -> bytes:
            kind, name, _ = request.int8(), request.text(), request.array(request.text)
            error = UNKNOWN_TOPIC if kind == TOPIC_RESOURCE and not self.topics.get(name) else 0
            return int16(error) + text(None) + int8(kind) + text(name) + array([])

        return array(request.array(one))

    async def produce(self, request: WireReader, version: int) -> bytes | None:
        """Append and wake the fetchers; nothing is answered when the client wants no acknowledgement."""
        request.text()
        acks, _ = request.int16(), request.int32()
        answers = request.each_partition(lambda topic: self._append(request, topic, version))
        return answers + int32(0) if acks else None

    def _append(self, request: WireReader, topic: str, version: int) -> bytes:
        number, records = request.int32(), request.data()
        partition = self.topics.partition(topic, number)
        error, base = UNKNOWN_TOPIC, -1
        if partition is not None:
            try:
                error, base = partition.append(records)
                self.storing.worked()
            except InvalidBatch as invalid:
                error = invalid.code
                log.warning("%s sent to %s-%d what is refused: %s", request.client, topic, number, invalid)
            except OSError as failure:  # nothing of a batch is left: it was written whole or cut off
                error = STORAGE_ERROR
                self.storing.failed(failure)
            for event in self.bell.get(partition, ()):
                event.set()
        start = int64(partition.start if partition else -1) if version >= 5 else b""
        return int32(number) + int16(error) + int64(base) + int64(-1) + start

    async def fetch(self, request: WireReader, version: int) -> bytes:
        """Records from the asked offsets; waits until there are some or `max_wait` is over.

        An offset out of range is told at once, and so is that no partition is known; as Kafka does it.
        """
        request.int32()
        wait_ms, min_bytes, max_bytes, _ = request.int32(), request.int32(), request.int32(), request.int8()
        if version >= 7:
            request.int64()
        wanted = request.array(lambda: (request.text(), request.array(lambda: self._place(request, version))))
        partitions = [p for topic, places in wanted for n, *_ in places if (p := self.topics.partition(topic, n))]
        event = asyncio.Event()
        for partition in partitions:
            self.bell.setdefault(partition, set()).add(event)
        try:
            answer, size, failed = self._read(wanted, max_bytes, version)
            if partitions and not failed and size < min_bytes and wait_ms > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), wait_ms / 1000)
                answer, _, _ = self._read(wanted, max_bytes, version)
        finally:
            for partition in partitions:
                self.bell[partition].discard(event)
        return (int16(0) + int32(0) if version >= 7 else b"") + answer

    @staticmethod
    def _place(request: WireReader, version: int) -> Place:
        number = request.int32()
        if version >= 9:
            request.int32()
        offset = request.int64()
        if version >= 5:
            request.int64()
        return number, offset, request.int32()

    def _read(self, wanted: list[tuple[str, list[Place]]], budget: int, version: int) -> tuple[bytes, int, bool]:
        """The answer, the bytes of records in it, and whether an offset is out of range."""
        total, failed, topics = 0, False, []
        budget = min(budget, MAX_FETCH_BYTES)
        for topic, places in wanted:
            answers = []
            for number, offset, limit in places:
                partition = self.topics.partition(topic, number)
                error, records = _records(partition, offset, min(limit, budget - total))
                failed, total = failed or error == OFFSET_OUT_OF_RANGE, total + len(records)
                answers.append(int32(number) + int16(error) + _place_head(partition, version) + codec.data(records))
            topics.append(text(topic) + array(answers))
        return array(topics), total, failed

    async def list_offsets(self, request: WireReader, version: int) -> bytes:
        """The first (-2) or next (-1) offset, or the first at or after a time."""
        request.int32()
        if version >= 2:
            request.int8()
        return request.each_partition(lambda topic: self._offset(request, topic))

    def _offset(self, request: WireReader, topic: str) -> bytes:
        number, at = request.int32(), request.int64()
        partition = self.topics.partition(topic, number)
        error, found = 0, (-1, -1)
        if partition is None:
            error = UNKNOWN_TOPIC
        elif at in (LATEST, EARLIEST):
            found = -1, partition.next if at == LATEST else partition.start
        elif at < 0:
            error = UNSUPPORTED_VERSION  # further marks of later versions, such as the largest timestamp
        else:
            found = partition.offset_at(at)
        return int32(number) + int16(error) + int64(found[0]) + int64(found[1])

    async def init_producer_id(self, _request: WireReader, _version: int) -> bytes:
        """A producer id that no earlier life of this broker gave out: they count from the time of its start."""
        return int16(0) + int64(next(self.producer_ids)) + int16(0)


def _records(partition: Partition | None, offset: int, limit: int) -> tuple[int, bytes]:
    if partition is None:
        return UNKNOWN_TOPIC, b""
    if not partition.start <= offset <= partition.next:
        return OFFSET_OUT_OF_RANGE, b""
    return 0, partition.read(offset, limit) if limit > 0 else b""


def _place_head(partition: Partition | None, version: int) -> bytes:
    """Where the partition ends (twice: nothing is transactional) and starts, and that no replica is nearer."""
    end, start = (partition.next, partition.start) if partition else (-1, -1)
    head = int64(end) + int64(end) + (int64(start) if version >= 5 else b"")
    return head + array([]) + (int32(-1) if version >= 11 else b"")
