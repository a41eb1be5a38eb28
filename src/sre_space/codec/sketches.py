"""Sketches made directly from OTLP requests, and the frames of sketches on the topic `sre_signals`.

Used by Scout: every member of the consumer group reads requests and publishes frames, and the member that evaluates the
detectors merges them. No object is created per span. A frame holds what one member read of one partition between two
offsets, so a frame delivered twice is recognised by its offsets, and a member that takes over a partition begins after
the last offset of a frame. Times, numbers and lengths in requests are bounded here, so that a frame always fits into
one record or several.
"""

import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.analysis.statistics.sketch import (
    EXEMPLARS,
    MAX_BUCKET,
    MAX_DURATION_NS,
    MIN_BUCKET,
    Durations,
    Exemplar,
    Operation,
    Sketch,
)
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.span_kinds import KINDS
from sre_space.codec.varints import VarintReader, put, put_text
from sre_space.domain.bounds import MAX_NAME, MAX_OPERATIONS, MAX_SERVICES, TOO_MANY, cut
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import implausible_span_reason
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9
MAGIC = b"SK1"
OTHER, OTHER_SERVICES = "(other operations)", "(other services)"
TRACE_ID = 16
MAX_SKETCHES = 20_000  # of an open frame; spans that would need another sketch are dropped
CLOSE_FRAME_AT = 2000  # a frame with more is closed before the next record
MAX_OFFSETS = 100_000  # that a frame covers: a frame that claims more is forged
MAX_RUNS, MAX_PARTITIONS = 50, 10_000
FRAME_BYTES = 500_000  # of a record: half of what brokers accept by default

Sketches = dict[tuple[Operation, int], Sketch]  # by operation and Unix second in which the spans ended

_CLIENT = trace_pb2.Span.SPAN_KIND_CLIENT
_FAILED = trace_pb2.Status.STATUS_CODE_ERROR
_SKETCHED_KINDS: Mapping[int, SpanKind] = {
    trace_pb2.Span.SPAN_KIND_SERVER: SpanKind.SERVER,
    trace_pb2.Span.SPAN_KIND_CLIENT: SpanKind.CLIENT,
    trace_pb2.Span.SPAN_KIND_CONSUMER: SpanKind.CONSUMER,
}


@dataclass
class SpanSketcher:
    """Sketches of the spans added since the last `drain`, one per operation of a service and second.

    The `named` services always have sketches of their own, of other services the first `MAX_SERVICES`.
    `dropped` counts by reason the spans that were not added.
    """

    named: frozenset[str] = frozenset()
    sketches: Sketches = field(default_factory=dict)
    known: dict[str, set[Operation]] = field(default_factory=dict)
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def full(self) -> bool:
        """Return True when no request should be added before the next `drain`."""
        return len(self.sketches) >= CLOSE_FRAME_AT

    def take(self, body: bytes, now: int) -> int:
        """Add an export request at `now` (Unix ns) and return its number of spans; raise `Malformed` if it is none."""
        request = ExportTraceServiceRequest()
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            raise Malformed(f"{len(body)} bytes are no OTLP trace request: {error}") from error
        taken = 0
        for resource in request.resource_spans:
            service = self._service(resource)
            for scope in resource.scope_spans:
                taken += len(scope.spans)
                self._add(service, scope.spans, now)
        return taken

    def drain(self) -> Sketches:
        """Return the sketches since the last `drain` and start empty again."""
        taken, self.sketches = self.sketches, {}
        return taken

    def _service(self, resource: trace_pb2.ResourceSpans) -> str:
        """Return the service's name, or the name shared by all services beyond the limit."""
        name = _service(resource)
        apart = name in self.known or name in self.named or len(self.known) < MAX_SERVICES + len(self.named)
        return name if apart else OTHER_SERVICES

    def _add(self, service: str, spans: Iterable[trace_pb2.Span], now: int) -> None:
        """Add spans of kind server, client and consumer, and root spans of any other kind."""
        for span in spans:
            kind = _SKETCHED_KINDS.get(span.kind)
            if kind is None:
                if span.parent_span_id:
                    continue
                kind = SpanKind.INTERNAL
            begin, end = span.start_time_unix_nano, span.end_time_unix_nano
            if reason := implausible_span_reason(begin, end, now):
                self.dropped[reason] += 1
                continue
            operation = Operation(service, kind, cut(span.name), _peer(span) if span.kind == _CLIENT else "")
            key = operation, min(end, now) // SECOND
            sketch = self.sketches.get(key) or self._sketch(*key)
            if sketch is None:
                self.dropped[TOO_MANY] += 1
                continue
            sketch.add(min(MAX_DURATION_NS, end - begin), span.status.code == _FAILED, span.trace_id[:TRACE_ID])

    def _sketch(self, operation: Operation, second: int) -> Sketch | None:
        """Return a new sketch, or the one shared by the service's other operations; None when the limit is reached."""
        known = self.known.setdefault(operation.service, set())
        if operation not in known and len(known) >= MAX_OPERATIONS:
            operation = Operation(operation.service, operation.kind, OTHER)
        known.add(operation)
        key = operation, second
        return self.sketches.setdefault(key, Sketch()) if len(self.sketches) < MAX_SKETCHES else self.sketches.get(key)


def _service(resource: trace_pb2.ResourceSpans) -> str:
    names = (pair.value.string_value for pair in resource.resource.attributes if pair.key == "service.name")
    return cut(next(names, "")) or UNKNOWN_SERVICE


def _peer(span: trace_pb2.Span) -> str:
    """Return `host:port` of the called service, "" without both (spans to the service's own database)."""
    host, port = "", 0
    for attribute in span.attributes:
        if attribute.key == "server.address":
            host = cut(attribute.value.string_value)
        elif attribute.key == "server.port":
            port = attribute.value.int_value
    return f"{host}:{port}" if host and port else ""


@dataclass(frozen=True)
class Frame:
    """The sketches of one partition of `otlp_spans` from offset `first` to `last`, both included.

    A frame that does not fit into one record is split into `parts` records, of which this is number `part` (from 0).
    """

    partition: int
    first: int
    last: int
    sketches: Sketches
    part: int = 0
    parts: int = 1


@dataclass
class Frames:
    """The offsets of all frames seen so far, as runs, by which a new frame is told from a repeated one.

    Offsets far ahead make a run of their own: a forged frame does not make later frames look repeated.
    """

    runs: dict[tuple[int, int], list[tuple[int, int]]] = field(default_factory=dict)

    def fresh(self, frame: Frame) -> bool:
        """Record the frame and return True, or return False if its offsets overlap those of an earlier frame."""
        if not 0 <= frame.last - frame.first < MAX_OFFSETS:
            return False
        key = frame.partition, frame.part
        runs = self.runs.get(key, [])
        if any(first <= frame.last and frame.first <= last for first, last in runs):
            return False
        begin = next((first for first, last in runs if last + 1 == frame.first), frame.first)
        end = next((last for first, last in runs if first == frame.last + 1), frame.last)
        others = [run for run in runs if run[0] != begin and run[1] != end]
        self.runs.pop(key, None)  # inserted again at the end: the dict is in order of age
        self.runs[key] = [*others[1 - MAX_RUNS :], (begin, end)]
        if len(self.runs) > MAX_PARTITIONS:
            del self.runs[next(iter(self.runs))]
        return True

    def end_of(self, partition: int, part: int, offset: int) -> int:
        """Return the last offset of the run that contains `offset`, or `offset - 1` when no run does."""
        runs = self.runs.get((partition, part), [])
        return next((last for first, last in runs if first <= offset <= last), offset - 1)


def encode(frame: Frame) -> bytes:
    """Return the bytes of a frame: `SK1`, varints as in protobuf, and the CRC-32 of all bytes before it."""
    return _sealed(frame, [_encoded(*item) for item in frame.sketches.items()])


def pieces(frame: Frame, limit: int = FRAME_BYTES) -> list[bytes]:
    """Return the frame as records of about `limit` bytes at the most, each part as `encode` writes it."""
    groups: list[list[bytes]] = [[]]
    size = 0
    for sketch in (_encoded(*item) for item in frame.sketches.items()):
        if groups[-1] and size + len(sketch) > limit:
            groups.append([])
            size = 0
        groups[-1].append(sketch)
        size += len(sketch)
    parts = (Frame(frame.partition, frame.first, frame.last, {}, part, len(groups)) for part in range(len(groups)))
    return [_sealed(part, group) for part, group in zip(parts, groups, strict=True)]


def _sealed(frame: Frame, sketches: Sequence[bytes]) -> bytes:
    out = bytearray(MAGIC)
    put(out, frame.partition, frame.first, frame.last, len(sketches))
    out += b"".join(sketches)
    if frame.parts > 1:  # a frame in one part keeps the format from before frames had parts
        put(out, frame.part, frame.parts)
    return bytes(out + zlib.crc32(out).to_bytes(4, "big"))


def _encoded(key: tuple[Operation, int], sketch: Sketch) -> bytes:
    operation, second = key
    out, durations = bytearray(), sketch.durations
    put_text(out, operation.service, operation.name, operation.peer)
    put(out, KINDS.index(operation.kind), second, sketch.errors, durations.total, len(durations.buckets))
    for bucket, number in sorted(durations.buckets.items()):
        put(out, bucket, number)
    for exemplars in (sketch.slowest, sketch.failed):
        put(out, len(exemplars))
        for exemplar in exemplars:
            put(out, exemplar.duration)
            out += exemplar.trace_id.rjust(TRACE_ID, b"\0")[:TRACE_ID]
    return bytes(out)


def decode(body: bytes) -> Frame:
    """Return the frame in `body`; raise `Malformed` for any other bytes."""
    if body[:3] != MAGIC or zlib.crc32(body[:-4]).to_bytes(4, "big") != body[-4:]:
        raise Malformed(f"{len(body)} bytes are not a complete frame of sketches")
    reader = VarintReader(body[:-4], len(MAGIC))
    partition, first, last, number = (reader.varint() for _ in range(4))
    sketches = dict(_sketch(reader) for _ in range(number))
    part, parts = (0, 1) if reader.ended else (reader.varint(), reader.varint())
    if not reader.ended or len(sketches) != number or not (part < parts > 1 or (part, parts) == (0, 1)):
        raise Malformed("a frame of sketches is longer than it states, or has an operation twice")
    return Frame(partition, first, last, sketches, part, parts)


def _sketch(reader: VarintReader) -> tuple[tuple[Operation, int], Sketch]:
    service, name, peer = reader.text(), reader.text(), reader.text()
    if max(len(service), len(name), len(peer)) > 2 * MAX_NAME:
        raise Malformed("a name in a frame of sketches is too long")
    kind, second, errors, total, number = (reader.varint() for _ in range(5))
    if kind >= len(KINDS):
        raise Malformed(f"{kind} is not a kind of spans")
    buckets = dict(_bucket(reader) for _ in range(number))
    durations = Durations(sum(buckets.values()), total, buckets)
    slowest, failed = tuple(_exemplars(reader)), tuple(_exemplars(reader))
    return (Operation(service, KINDS[kind], name, peer), second), Sketch(durations, errors, slowest, failed)


def _bucket(reader: VarintReader) -> tuple[int, int]:
    bucket, number = reader.varint(), reader.varint()
    if not (MIN_BUCKET <= bucket <= MAX_BUCKET and number):
        raise Malformed(f"{bucket} is not a bucket with {number} durations")
    return bucket, number


def _exemplars(reader: VarintReader) -> Iterator[Exemplar]:
    number = reader.varint()
    if number > EXEMPLARS:
        raise Malformed(f"{number} exemplars are more than {EXEMPLARS}")
    return (Exemplar(reader.varint(), reader.take(TRACE_ID)) for _ in range(number))
