"""What a Scout reads and writes, in memory: a script of answers, the signals it publishes, and the past of the bus."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.evidence import window
from support.world import SECOND, World

from sre_space.codec.sketches import Frame, SpanSketcher, encode
from sre_space.codec.topics import SIGNALS, SPANS
from sre_space.domain.errors import Unavailable
from sre_space.ports.bus import Record


class Enough(Exception):
    """The script of a feed is over."""


@dataclass
class Feed:
    """Answers what it was given, one answer at a time, then ends the test; with a world half a second an answer."""

    script: list[list[Record]]
    world: World | None = None
    commits: int = 0

    async def next(self, timeout: float) -> Sequence[Record]:
        """Return the script's next answer; raise `Enough` when there is none left."""
        if self.world is not None:
            self.world.clock.time += SECOND // 2
        if not self.script:
            raise Enough
        return self.script.pop(0)

    async def commit(self) -> None:
        """Count."""
        self.commits += 1

    def owns(self) -> bool:
        """Return True, always."""
        return True

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Signals:
    """Keeps what is published; refuses the next `refusals`, which it kept all the same when `deaf`."""

    frames: list[bytes] = field(default_factory=list)
    refusals: int = 0
    deaf: bool = False

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep, or refuse."""
        assert topic == SIGNALS
        refused, self.refusals = self.refusals > 0, max(0, self.refusals - 1)
        if not refused or self.deaf:
            self.frames.append(value)
        if refused:
            raise Unavailable("the bus did not acknowledge")

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Past:
    """What was on the bus; refuses the first `refusals` who ask, and counts all."""

    records: list[Record]
    refusals: int = 0
    asked: int = 0

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """By topic and time."""
        self.asked += 1
        if self.asked <= self.refusals:
            raise Unavailable("the bus is away")
        return window(self.records, topic, since, until, limit)


def spans(world: World, partition: int, offset: int, count: int = 1) -> Record:
    """Return a record of spans that policy-service served now."""
    now, message = world.clock.now(), ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    scope = resource.scope_spans.add()
    for _ in range(count):
        scope.spans.add(name="GET /x", kind=2, start_time_unix_nano=now - 1000, end_time_unix_nano=now)
    return Record(SPANS, partition, offset, now, message.SerializeToString())


def framed(world: World, *records: Record) -> Record:
    """Return a signal with the frame of these records, of one partition, published now."""
    intake = SpanSketcher()
    for record in records:
        intake.take(record.value, record.at)
    frame = Frame(records[0].partition, records[0].offset, records[-1].offset, intake.drain())
    return Record(SIGNALS, 0, 0, world.clock.now(), encode(frame))
