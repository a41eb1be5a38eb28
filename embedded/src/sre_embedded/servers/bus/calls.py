"""The Kafka calls on topics and records: metadata, produce, fetch, offsets (protocol guide, non-flexible versions)."""

import asyncio
import itertools
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, field

from sre_embedded.servers.bus import codec
from sre_embedded.servers.bus.batches import OFFSET_OUT_OF_RANGE, InvalidBatch
from sre_embedded.servers.bus.codec import WireReader, array, int8, int16, int32, int64, text
from sre_embedded.servers.bus.partition import Partition
from sre_embedded.servers.bus.topics import INVALID_TOPIC, UNKNOWN_TOPIC, Topics
from sre_embedded.storing import StorageStatus

log = logging.getLogger(__name__)

NODE = 0
UNSUPPORTED_VERSION = 35
STORAGE_ERROR = 56  # KAFKA_STORAGE_ERROR: every client retries
LATEST, EARLIEST = -1, -2
TOPIC_RESOURCE = 2
MAX_FETCH_BYTES = 8 * 2**20

Position = tuple[int, int, int]  # number of the partition, offset in it, maximum of bytes to read


@dataclass
class Records:
    """The calls that need no consumer group, over the topics of this broker."""

    topics: Topics
    node: bytes  # this broker: id, host and port
    waiters: dict[Partition, set[asyncio.Event]] = field(default_factory=dict)
    producer_ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(time.time_ns() // 1000))
    storage: StorageStatus = field(init=False)

    def __post_init__(self) -> None:
        self.storage = StorageStatus(f"the bus stores no records in {self.topics.folder}")

    async def metadata(self, request: WireReader, version: int) -> bytes:
        """Return brokers and topics; create each named topic that does not exist (version 4 can forbid it)."""
        count = request.int32()
        requested = [request.text() for _ in range(count)] if count > 0 else []
        create = bool(request.int8()) if version >= 4 else True
        for topic in requested if create else ():
            if not self.topics.refusal(topic):
                self._create(topic)
        names = self.topics.names() if count < 0 else requested
        head = array([self.node + text(None)]) + (text("sre-space") if version >= 2 else b"")
        return head + int32(NODE) + array(self._describe(name) for name in names)

    def _create(self, topic: str, count: int = -1) -> int:
        """Create a topic; return Kafka's error code, 0 for success."""
        try:
            self.topics.create(topic, count)
        except OSError as error:
            self.storage.failed(error)
            return STORAGE_ERROR
        return 0

    def _describe(self, name: str) -> bytes:
        partitions = self.topics.get(name)
        missing = INVALID_TOPIC if self.topics.refusal(name) == INVALID_TOPIC else UNKNOWN_TOPIC
        node = array([int32(NODE)])
        described = (int16(0) + int32(n) + int32(NODE) + node + node for n in range(len(partitions)))
        return int16(0 if partitions else missing) + text(name) + int8(0) + array(described)

    async def create_topics(self, request: WireReader, _version: int) -> bytes:
        """Create topics with a number of partitions, or only validate the request.

        Replica placement and topic configurations are parsed and ignored.
        """

        def topic_request() -> tuple[str, int, int]:
            name, count, replicas = request.text(), request.int32(), request.int16()
            assigned = request.array(lambda: (request.int32(), request.array(request.int32)))
            request.array(lambda: (request.text(), request.text()))
            return name, len(assigned) or count, replicas

        requested, _, validate_only = request.array(topic_request), request.int32(), request.int8()
        results = []
        for name, count, replicas in requested:
            error = self.topics.refusal(name, count, replicas)
            if not error and not validate_only:
                error = self._create(name, count)
            results.append(text(name) + int16(error) + text(None))
        return array(results)

    async def describe_configs(self, request: WireReader, _version: int) -> bytes:
        """Return no settings for every resource: topics have none of their own.

        Command-line tools make this call before they describe a topic.
        """

        def describe() -> bytes:
            kind, name, _ = request.int8(), request.text(), request.array(request.text)
            error = UNKNOWN_TOPIC if kind == TOPIC_RESOURCE and not self.topics.get(name) else 0
            return int16(error) + text(None) + int8(kind) + text(name) + array([])

        return array(request.array(describe))

    async def produce(self, request: WireReader, version: int) -> bytes | None:
        """Append the batches and wake waiting fetches; return None when the client wants no acknowledgement."""
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
                self.storage.worked()
            except InvalidBatch as invalid:
                error = invalid.code
                log.warning("a batch of %s for %s-%d is rejected: %s", request.client, topic, number, invalid)
            except OSError as failure:  # nothing of the batch is left: a partial write is truncated
                error = STORAGE_ERROR
                self.storage.failed(failure)
            for event in self.waiters.get(partition, ()):
                event.set()
        start = int64(partition.start if partition else -1) if version >= 5 else b""
        return int32(number) + int16(error) + int64(base) + int64(-1) + start

    async def fetch(self, request: WireReader, version: int) -> bytes:
        """Return records from the requested offsets; wait for `min_bytes` of them, at most `max_wait` (as Kafka does).

        An offset out of range is reported at once, and so is a request without any known partition.
        """
        request.int32()
        wait_ms, min_bytes, max_bytes, _ = request.int32(), request.int32(), request.int32(), request.int8()
        if version >= 7:
            request.int64()
        requested = request.array(lambda: (request.text(), request.array(lambda: self._position(request, version))))
        partitions = [
            p for topic, positions in requested for n, *_ in positions if (p := self.topics.partition(topic, n))
        ]
        event = asyncio.Event()
        for partition in partitions:
            self.waiters.setdefault(partition, set()).add(event)
        try:
            answer, size, failed = self._read(requested, max_bytes, version)
            if partitions and not failed and size < min_bytes and wait_ms > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), wait_ms / 1000)
                answer, _, _ = self._read(requested, max_bytes, version)
        finally:
            for partition in partitions:
                self.waiters[partition].discard(event)
        return (int16(0) + int32(0) if version >= 7 else b"") + answer

    @staticmethod
    def _position(request: WireReader, version: int) -> Position:
        number = request.int32()
        if version >= 9:
            request.int32()
        offset = request.int64()
        if version >= 5:
            request.int64()
        return number, offset, request.int32()

    def _read(self, requested: list[tuple[str, list[Position]]], budget: int, version: int) -> tuple[bytes, int, bool]:
        """Return the answer, the bytes of records in it, and whether an offset is out of range."""
        total, failed, topics = 0, False, []
        budget = min(budget, MAX_FETCH_BYTES)
        for topic, positions in requested:
            answers = []
            for number, offset, limit in positions:
                partition = self.topics.partition(topic, number)
                error, records = _records(partition, offset, min(limit, budget - total))
                failed, total = failed or error == OFFSET_OUT_OF_RANGE, total + len(records)
                answers.append(int32(number) + int16(error) + _position_head(partition, version) + codec.data(records))
            topics.append(text(topic) + array(answers))
        return array(topics), total, failed

    async def list_offsets(self, request: WireReader, version: int) -> bytes:
        """Return the first (-2) or next (-1) offset of each partition, or the first at or after a time."""
        request.int32()
        if version >= 2:
            request.int8()
        return request.each_partition(lambda topic: self._offset(request, topic))

    def _offset(self, request: WireReader, topic: str) -> bytes:
        number, timestamp = request.int32(), request.int64()
        partition = self.topics.partition(topic, number)
        error, time_and_offset = 0, (-1, -1)
        if partition is None:
            error = UNKNOWN_TOPIC
        elif timestamp in (LATEST, EARLIEST):
            time_and_offset = -1, partition.next if timestamp == LATEST else partition.start
        elif timestamp < 0:
            error = UNSUPPORTED_VERSION  # special timestamps of later versions, such as the largest timestamp
        else:
            time_and_offset = partition.offset_at(timestamp)
        return int32(number) + int16(error) + int64(time_and_offset[0]) + int64(time_and_offset[1])

    async def init_producer_id(self, _request: WireReader, _version: int) -> bytes:
        """Return a new producer id.

        Ids count from the time of the broker's start (µs), so none repeats one from before a restart.
        """
        return int16(0) + int64(next(self.producer_ids)) + int16(0)


def _records(partition: Partition | None, offset: int, limit: int) -> tuple[int, bytes]:
    if partition is None:
        return UNKNOWN_TOPIC, b""
    if not partition.start <= offset <= partition.next:
        return OFFSET_OUT_OF_RANGE, b""
    return 0, partition.read(offset, limit) if limit > 0 else b""


def _position_head(partition: Partition | None, version: int) -> bytes:
    """Encode the partition's end (twice: nothing is transactional), its start, and that no replica is nearer."""
    end, start = (partition.next, partition.start) if partition else (-1, -1)
    head = int64(end) + int64(end) + (int64(start) if version >= 5 else b"")
    return head + array([]) + (int32(-1) if version >= 11 else b"")
