"""OTLP requests straight to sketches, and the frames of sketches on the topic `sre_signals`.

Used by Scout: those of the consumer group take requests in and publish frames, the one that judges
merges them. No object is made for a span. A frame is what one member saw of one partition between
two offsets, so a frame that is delivered twice is known by its offsets, and a member that takes a
partition over begins after the last offset that a frame names.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.analysis.sketch import EXEMPLARS, HIGHEST, LONGEST_NS, LOWEST, Durations, Exemplar, Operation, Sketch
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import SpanKind
from sre_space.wire.otlp import UNKNOWN_SERVICE

SECOND = 10**9
MAGIC = b"SK1"
OPERATIONS = 500  # a service; a name that holds an id must not eat the memory
OTHER = "(other operations)"
MAX_VARINT = 10  # bytes; 64 bits, as in protobuf
TRACE_ID = 16

Sketches = dict[tuple[Operation, int], Sketch]  # by operation and Unix second in which the spans ended

_CLIENT = trace_pb2.Span.SPAN_KIND_CLIENT
_FAILED = trace_pb2.Status.STATUS_CODE_ERROR
_WATCHED: Mapping[int, SpanKind] = {
    trace_pb2.Span.SPAN_KIND_SERVER: SpanKind.SERVER,
    trace_pb2.Span.SPAN_KIND_CLIENT: SpanKind.CLIENT,
    trace_pb2.Span.SPAN_KIND_CONSUMER: SpanKind.CONSUMER,
}
_KINDS = tuple(SpanKind)


@dataclass
class Intake:
    """Sketches of the spans taken in since the last `drain`; state per (service, operation) and second."""

    sketches: Sketches = field(default_factory=dict)
    known: dict[str, set[Operation]] = field(default_factory=dict)

    def take(self, body: bytes) -> int:
        """Take in one export request; how many spans it held. `Malformed` when it is none."""
        request = ExportTraceServiceRequest()
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            raise Malformed(f"{len(body)} bytes are no OTLP trace request: {error}") from error
        taken = 0
        for resource in request.resource_spans:
            service = _service(resource)
            for scope in resource.scope_spans:
                taken += len(scope.spans)
                self._add(service, scope.spans)
        return taken

    def drain(self) -> Sketches:
        """What was taken in, leaving nothing."""
        taken, self.sketches = self.sketches, {}
        return taken

    def _add(self, service: str, spans: Iterable[trace_pb2.Span]) -> None:
        """Servers, clients and consumers, and the roots of whoever starts a trace."""
        for span in spans:
            kind = _WATCHED.get(span.kind)
            if kind is None:
                if span.parent_span_id:
                    continue
                kind = SpanKind.INTERNAL
            end = span.end_time_unix_nano
            key = Operation(service, kind, span.name, _peer(span) if span.kind == _CLIENT else ""), end // SECOND
            sketch = self.sketches.get(key)
            if sketch is None:
                sketch = self._sketch(*key)
            duration = min(LONGEST_NS, max(0, end - span.start_time_unix_nano))
            sketch.add(duration, span.status.code == _FAILED, span.trace_id)

    def _sketch(self, operation: Operation, second: int) -> Sketch:
        known = self.known.setdefault(operation.service, set())
        if operation not in known and len(known) >= OPERATIONS:
            operation = Operation(operation.service, operation.kind, OTHER)
        known.add(operation)
        return self.sketches.setdefault((operation, second), Sketch())


def _service(resource: trace_pb2.ResourceSpans) -> str:
    names = (one.value.string_value for one in resource.resource.attributes if one.key == "service.name")
    return next(names, "") or UNKNOWN_SERVICE


def _peer(span: trace_pb2.Span) -> str:
    """`host:port` of the called service; the own database names none."""
    host, port = "", 0
    for attribute in span.attributes:
        if attribute.key == "server.address":
            host = attribute.value.string_value
        elif attribute.key == "server.port":
            port = attribute.value.int_value
    return f"{host}:{port}" if host and port else ""


@dataclass(frozen=True)
class Frame:
    """What was seen of one partition of `otlp_spans` from offset `first` to `last`, both included."""

    partition: int
    first: int
    last: int
    sketches: Sketches


@dataclass
class Frames:
    """Merges frames, each once; `applied` is the last offset of each partition that is in."""

    applied: dict[int, int] = field(default_factory=dict)

    def fresh(self, frame: Frame) -> bool:
        """True the first time; False for a frame that was delivered before or overlaps one that was."""
        if frame.first <= self.applied.get(frame.partition, -1):
            return False
        self.applied[frame.partition] = frame.last
        return True


def encode(frame: Frame) -> bytes:
    """The bytes of a frame: `SK1`, varints (protobuf's), a CRC-32 of all before it."""
    out = bytearray(MAGIC)
    _put(out, frame.partition, frame.first, frame.last, len(frame.sketches))
    for (operation, second), sketch in frame.sketches.items():
        _put_text(out, operation.service, operation.name, operation.peer)
        durations = sketch.durations
        _put(out, _KINDS.index(operation.kind), second, sketch.errors, durations.total, len(durations.buckets))
        for bucket, number in sorted(durations.buckets.items()):
            _put(out, bucket, number)
        for exemplars in (sketch.slowest, sketch.failed):
            _put(out, len(exemplars))
            for exemplar in exemplars:
                _put(out, exemplar.duration)
                out += exemplar.trace_id.rjust(TRACE_ID, b"\0")[:TRACE_ID]
    return bytes(out + zlib.crc32(out).to_bytes(4, "big"))


def decode(body: bytes) -> Frame:
    """The frame of these bytes; `Malformed` for anything else, whatever it is."""
    if body[:3] != MAGIC or zlib.crc32(body[:-4]).to_bytes(4, "big") != body[-4:]:
        raise Malformed(f"{len(body)} bytes are no frame of sketches, or not whole")
    reader = _Reader(body[:-4], len(MAGIC))
    partition, first, last, number = reader.varint(), reader.varint(), reader.varint(), reader.varint()
    sketches = dict(reader.sketch() for _ in range(number))
    if reader.at != len(reader.body) or len(sketches) != number:
        raise Malformed("a frame of sketches is longer than it says, or says something twice")
    return Frame(partition, first, last, sketches)


@dataclass
class _Reader:
    body: bytes
    at: int

    def varint(self) -> int:
        value = 0
        for shift in range(0, 7 * MAX_VARINT, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("a number of a frame of sketches does not end")

    def take(self, length: int) -> bytes:
        taken = self.body[self.at : self.at + length]
        if len(taken) < length:
            raise Malformed("a frame of sketches ends too early")
        self.at += length
        return taken

    def text(self) -> str:
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"a name in a frame of sketches is no text: {error}") from error

    def sketch(self) -> tuple[tuple[Operation, int], Sketch]:
        service, name, peer = self.text(), self.text(), self.text()
        kind, second, errors, total, number = (self.varint() for _ in range(5))
        if kind >= len(_KINDS):
            raise Malformed(f"there is no kind {kind} of spans")
        buckets = dict(self.bucket() for _ in range(number))
        durations = Durations(sum(buckets.values()), total, buckets)
        slowest, failed = tuple(self.exemplars()), tuple(self.exemplars())
        return (Operation(service, _KINDS[kind], name, peer), second), Sketch(durations, errors, slowest, failed)

    def bucket(self) -> tuple[int, int]:
        bucket, number = self.varint(), self.varint()
        if not (LOWEST <= bucket <= HIGHEST and number):
            raise Malformed(f"there is no bucket {bucket} with {number} durations")
        return bucket, number

    def exemplars(self) -> Iterator[Exemplar]:
        number = self.varint()
        if number > EXEMPLARS:
            raise Malformed(f"{number} exemplars are more than {EXEMPLARS}")
        return (Exemplar(self.varint(), self.take(TRACE_ID)) for _ in range(number))


def _put(out: bytearray, *numbers: int) -> None:
    for number in numbers:
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)


def _put_text(out: bytearray, *texts: str) -> None:
    for text in texts:
        body = text.encode(errors="replace")
        _put(out, len(body))
        out += body
