"""OTLP to sketches and back over `sre_signals`: nothing is lost, nothing is counted twice, nothing foreign gets in."""

from collections.abc import Mapping
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.analysis.statistics.sketch import (
    MAX_BUCKET,
    MAX_DURATION_NS,
    MIN_BUCKET,
    Durations,
    Exemplar,
    Operation,
    Sketch,
)
from sre_space.codec.otlp import UNKNOWN_SERVICE, spans_of
from sre_space.codec.sketches import (
    MAX_PARTITIONS,
    MAX_RUNS,
    OTHER,
    Frame,
    Frames,
    Sketches,
    SpanSketcher,
    decode,
    encode,
    pieces,
)
from sre_space.domain.bounds import MAX_OPERATIONS
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

SECOND = 10**9
BEGIN = 1_700_000_000
NOW = (BEGIN + 3) * SECOND

NAMES = st.sampled_from(["GET /a", "POST /b/{id}", "SELECT x.db", "ü"])
NUMBERS = st.integers(0, 2**40)
EXEMPLAR = st.builds(Exemplar, NUMBERS, st.binary(min_size=16, max_size=16))


def operations() -> st.SearchStrategy[Operation]:
    return st.builds(Operation, st.text(max_size=8), st.sampled_from(SpanKind), NAMES, st.sampled_from(["", "h:1"]))


@st.composite
def sketches(draw: st.DrawFn) -> Sketch:
    buckets = draw(st.dictionaries(st.integers(MIN_BUCKET, MAX_BUCKET), st.integers(1, 10**6), max_size=20))
    durations = Durations(sum(buckets.values()), draw(NUMBERS), buckets)
    slowest, failed = (tuple(draw(st.lists(EXEMPLAR, max_size=3))) for _ in range(2))
    return Sketch(durations, draw(NUMBERS), slowest, failed)


FRAMES = st.builds(
    Frame, NUMBERS, NUMBERS, NUMBERS, st.dictionaries(st.tuples(operations(), NUMBERS), sketches(), max_size=5)
)


def request(*spans: Mapping[str, object], service: str = "policy-service") -> bytes:
    """One export; a span's values may be left out."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    if service:
        resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_spans.add()
    for number, span in enumerate(spans):
        values: dict[str, object] = {
            "trace_id": number.to_bytes(16, "big"), "span_id": b"12345678", "parent_span_id": b"87654321",
            "kind": trace_pb2.Span.SPAN_KIND_SERVER, "name": "GET /a", "start_time_unix_nano": BEGIN * SECOND,
            "end_time_unix_nano": BEGIN * SECOND + 7_000_000,
        }  # fmt: skip
        values |= span
        peer = values.pop("peer", "")
        added = scope.spans.add(**values)
        if peer:
            host, _, port = str(peer).partition(":")
            added.attributes.add(key="server.address").value.string_value = host
            added.attributes.add(key="server.port").value.int_value = int(port)
    return message.SerializeToString()


def taken(*bodies: bytes) -> Sketches:
    intake = SpanSketcher()
    for body in bodies:
        intake.take(body, NOW)
    return intake.drain()


def expected(spans: list[Span]) -> Sketches:
    """Return the sketches computed from span objects, as a slow reference."""
    made: Sketches = {}
    for span in spans:
        kind = span.kind
        if kind not in (SpanKind.SERVER, SpanKind.CLIENT, SpanKind.CONSUMER):
            if span.parent_id:
                continue
            kind = SpanKind.INTERNAL
        address = f"{span.attributes.get('server.address')}:{span.attributes.get('server.port')}"
        peer = address if kind is SpanKind.CLIENT and "None" not in address else ""
        key = Operation(span.service, kind, span.name, peer), span.end // SECOND
        sketch = made.setdefault(key, Sketch())
        sketch.add(span.duration, span.status is SpanStatus.ERROR, bytes.fromhex(span.trace_id))
    return made


SPANS = st.lists(
    st.fixed_dictionaries(
        {
            "kind": st.integers(0, 5),
            "name": NAMES,
            "parent_span_id": st.sampled_from([b"", b"87654321"]),
            "end_time_unix_nano": st.integers(BEGIN * SECOND, (BEGIN + 3) * SECOND),
            "status": st.sampled_from([trace_pb2.Status(), trace_pb2.Status(code=trace_pb2.Status.STATUS_CODE_ERROR)]),
            "peer": st.sampled_from(["", "127.0.0.1:8002"]),
        }
    ),
    max_size=20,
)


@given(SPANS)
def test_the_fast_path_makes_the_sketches_that_spans_would_make(spans: list[dict[str, object]]) -> None:
    body = request(*spans)

    assert taken(body) == expected(spans_of(body))


@given(SPANS, SPANS)
def test_two_members_that_split_the_partitions_merge_to_what_one_would_have_seen(
    one: list[dict[str, object]], other: list[dict[str, object]]
) -> None:
    first, second = request(*one), request(*other, service="user-service")
    merged: Sketches = {}
    for part in (taken(second), taken(first)):
        for key, sketch in decode(encode(Frame(0, 0, 0, part))).sketches.items():
            merged.setdefault(key, Sketch()).merge(sketch)

    assert merged == taken(first, second)


def test_taking_in_counts_the_spans_and_draining_leaves_nothing() -> None:
    intake = SpanSketcher()

    assert intake.take(request({}, {}, {"kind": trace_pb2.Span.SPAN_KIND_INTERNAL}), NOW) == 3
    assert [sketch.count for sketch in intake.drain().values()] == [2]
    assert intake.drain() == {}


def test_a_service_without_a_name_and_a_span_that_lasts_for_hours_are_bounded() -> None:
    [(nameless, _)] = taken(request({}, service=""))
    assert nameless.service == UNKNOWN_SERVICE
    [endless] = taken(request({"start_time_unix_nano": (BEGIN - 7200) * SECOND})).values()
    assert endless.durations.total == MAX_DURATION_NS


def test_names_that_hold_an_id_do_not_eat_the_memory() -> None:
    intake = SpanSketcher()
    for number in range(3):
        intake.take(request(*({"name": f"GET /things/{number}-{one}"} for one in range(MAX_OPERATIONS))), NOW)
    made = intake.drain()

    assert len(made) == MAX_OPERATIONS + 1
    assert made[Operation("policy-service", SpanKind.SERVER, OTHER), BEGIN].count == 2 * MAX_OPERATIONS


@given(FRAMES)
def test_a_frame_survives_the_wire(frame: Frame) -> None:
    assert decode(encode(frame)) == frame


@given(FRAMES, st.data())
def test_a_frame_that_was_cut_or_changed_is_malformed(frame: Frame, data: st.DataObject) -> None:
    body = bytearray(encode(frame))
    cut = data.draw(st.integers(0, len(body) - 1))
    with pytest.raises(Malformed):
        decode(bytes(body[:cut]))
    body[cut] ^= data.draw(st.integers(1, 255))
    with pytest.raises(Malformed):
        decode(bytes(body))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_frame_or_malformed(body: bytes) -> None:
    for one in (body, sealed(body)):
        try:
            frame = decode(one)
        except Malformed:
            continue
        assert decode(encode(frame)) == frame


@given(FRAMES, st.data())
def test_a_sealed_frame_with_any_byte_changed_is_a_frame_or_malformed(frame: Frame, data: st.DataObject) -> None:
    """The checksum keeps accidents out; the parser itself must not trust what is inside."""
    body = bytearray(encode(frame)[3:-4])
    body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = decode(sealed(bytes(body)))
    except Malformed:
        return
    for sketch in read.sketches.values():
        assert sketch.count == 0 or sketch.durations.quantile(0.5) > 0


def sealed(inside: bytes) -> bytes:
    """With the right beginning and checksum."""
    empty = encode(Frame(0, 0, 0, {}))
    magic = empty[:3]

    return magic + inside + crc32(magic + inside).to_bytes(4, "big")


def test_a_frame_is_applied_once_for_each_partition() -> None:
    frames = Frames()

    assert frames.fresh(Frame(0, 0, 9, {}))
    assert not frames.fresh(Frame(0, 0, 9, {}))
    assert not frames.fresh(Frame(0, 5, 12, {}))
    assert frames.fresh(Frame(1, 0, 9, {}))
    assert frames.fresh(Frame(0, 10, 12, {}))
    assert frames.runs == {(1, 0): [(0, 9)], (0, 0): [(0, 12)]}


@given(st.permutations(range(12)), st.lists(st.integers(0, 11), max_size=12))
def test_frames_in_any_order_count_once_and_make_one_run(order: list[int], again: list[int]) -> None:
    frames = Frames()

    assert all(frames.fresh(Frame(0, 10 * one, 10 * one + 9, {})) for one in order)
    assert not any(frames.fresh(Frame(0, 10 * one + 3, 10 * one + 12, {})) for one in again)
    assert frames.runs == {(0, 0): [(0, 119)]}
    assert (frames.end_of(0, 0, 57), frames.end_of(0, 0, 120), frames.end_of(1, 0, 5)) == (119, 119, 4)


def test_runs_and_partitions_that_somebody_makes_up_are_bounded() -> None:
    frames = Frames()
    for number in range(3 * MAX_RUNS):
        frames.fresh(Frame(0, 1000 * number, 1000 * number, {}))
    for number in range(MAX_PARTITIONS + 50):
        frames.fresh(Frame(number, 0, 0, {}, 1, 2))

    assert len(frames.runs) <= MAX_PARTITIONS
    assert max(map(len, frames.runs.values())) <= MAX_RUNS


@given(FRAMES, st.integers(20, 500))
def test_a_frame_in_parts_merges_to_the_whole(frame: Frame, most: int) -> None:
    parts = [decode(piece) for piece in pieces(frame, most)]
    merged = {key: sketch for part in parts for key, sketch in part.sketches.items()}

    assert merged == frame.sketches
    assert [(one.part, one.parts) for one in parts] == [(number, len(parts)) for number in range(len(parts))]
    assert pieces(frame, 10**9) == [encode(frame)]


def test_bytes_that_are_no_request_are_malformed() -> None:
    with pytest.raises(Malformed):
        SpanSketcher().take(b"\xff\xff\xff", NOW)


def test_a_frame_of_two_hundred_spans_of_an_operation_is_small() -> None:
    spans: list[dict[str, object]] = [
        {"end_time_unix_nano": BEGIN * SECOND + number * 300_000} for number in range(1, 200)
    ]

    assert len(encode(Frame(0, 0, 1, taken(request(*spans))))) < 600
