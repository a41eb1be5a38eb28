"""Names of 600 kB, endless lists and forged giants: bounded where they come in, and nothing waits behind them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from support.amounts import amount
from support.feeds import Enough, Feed, Past, Signals, spans
from support.world import SECOND, SERVICES, World, diagnosis

from sre_space.agents.scout.journeys import JourneyBook
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.codec import sketches as subject
from sre_space.codec.footer import MAX_PAYLOAD, parse_footer, render, sign
from sre_space.codec.otlp import spans_of
from sre_space.codec.sketches import OTHER, OTHER_SERVICES, Frame, Frames, SpanSketcher, decode, pieces
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.symptom_report import decode as sighting_of
from sre_space.domain.bounds import CUT, MAX_NAME, MAX_OPERATIONS, MAX_SERVICES, TOO_LARGE, TOO_MANY
from sre_space.domain.diagnosis import CauseKind, Evidence
from sre_space.domain.errors import Refused
from sre_space.domain.facts import (
    STEP_OF,
    Action,
    ActionResult,
    Conclusion,
    Decision,
    Detection,
    Fact,
    Learnt,
    Outcome,
    PastCase,
    Payload,
    Recall,
    RuleAnswer,
    Step,
    Verification,
)
from sre_space.domain.remedies import Escalate
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.losses import Losses
from sre_space.feeds.sketching import MAX_SEALED, REFUSED, Sketcher
from sre_space.ports.bus import Record
from sre_space.text.prose import prose

RECORD_BYTES = 1_000_000  # what a client sends in one record by default
FORGE_BODY = 65_536  # characters, GitHub's


@dataclass
class Bus(Signals):
    """Takes what Kafka takes by default, and refuses the rest for good."""

    most: int = RECORD_BYTES
    refused: list[int] = field(default_factory=list)

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep or refuse."""
        if len(value) > self.most:
            self.refused.append(len(value))
            raise Refused("too large")
        await super().publish(topic, value)


def request(world: World, names: list[str], service: str = "policy-service") -> bytes:
    """Spans with these names, of now."""
    now, message = world.clock.now(), ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    scope = resource.scope_spans.add()
    for name in names:
        scope.spans.add(name=name, kind=2, start_time_unix_nano=now - 1000, end_time_unix_nano=now)
    return message.SerializeToString()


def sketched(world: World, bus: Signals, records: list[Record]) -> Sketcher:
    """All records, then half a second more."""
    sketcher = Sketcher(bus, Past([]), world.clock, Losses(world.reporter, world.clock), frozenset(SERVICES))
    with pytest.raises(Enough):
        asyncio.run(sketcher.sketch_forever(Feed([records, []], world)))
    return sketcher


def test_three_spans_with_names_of_600_kb_do_not_stop_the_sketches() -> None:
    world, bus = World(), Bus()
    body = request(world, ["a" * 600_000, "b" * 600_000, "c" * 600_000])

    sketcher = sketched(world, bus, [Record("otlp_spans", 0, 7, world.clock.now(), body), spans(world, 0, 8, 4)])

    (frame,) = (decode(one) for one in bus.frames)
    names = {operation.name for operation, _ in frame.sketches}
    assert names == {"GET /x", *(letter * (MAX_NAME - 1) + CUT for letter in "abc")}
    assert not bus.refused
    assert not sketcher.sealed


def test_a_frame_of_more_than_a_record_takes_is_published_in_parts_and_merges_whole() -> None:
    world, bus = World(), Bus()
    names = [f"{number}-" + "n" * 250 for number in range(MAX_OPERATIONS)]
    records = [
        Record("otlp_spans", 0, number, world.clock.now(), request(world, names, f"service-{number}"))
        for number in range(8)
    ]

    sketched(world, bus, records)

    frames, fresh = [decode(one) for one in bus.frames], Frames()
    assert len(bus.frames) > len({(one.first, one.last) for one in frames}) > 1
    assert max(map(len, bus.frames)) < RECORD_BYTES / 2 * 1.1
    merged = sum(sketch.count for one in frames * 2 if fresh.fresh(one) for sketch in one.sketches.values())
    assert merged == 8 * MAX_OPERATIONS


async def test_what_the_bus_refuses_is_dropped_counted_and_told_and_the_next_frame_is_published() -> None:
    world, bus = World(), Bus(most=150)
    records = [spans(world, 0, 0), Record("otlp_spans", 0, 1, world.clock.now(), request(world, ["n" * 200]))]
    feed = Feed([records, [spans(world, 0, 2)], []], world)
    sketcher = Sketcher(bus, Past([]), world.clock, Losses(world.reporter, world.clock))

    with pytest.raises(Enough):
        await sketcher.sketch_forever(feed)

    assert len(bus.refused) == 1
    assert [(one.first, one.last) for one in map(decode, bus.frames)] == [(2, 2)]
    assert world.reporter.lost == {REFUSED: 1}
    assert feed.commits == 2


async def test_while_too_much_waits_for_the_bus_no_more_is_read() -> None:
    world = World()
    bus = Bus(refusals=10**9)
    sketcher = Sketcher(bus, Past([]), world.clock, Losses(world.reporter, world.clock))
    script = [[spans(world, 0, number)] for number in range(2 * MAX_SEALED)]
    feed = Feed(list(script), world)
    task = sketcher.sketch_forever(feed)

    naps = 0

    async def nap(seconds: float) -> None:
        nonlocal naps
        naps += 1
        if naps > 10:
            raise Enough

    world.clock.sleep = nap  # type: ignore[method-assign]
    with pytest.raises(Enough):
        async with asyncio.timeout(5):
            await task

    assert len(sketcher.sealed) <= MAX_SEALED + 1
    assert len(feed.script) >= MAX_SEALED - 2


def test_services_without_end_share_one_and_those_of_the_configuration_stay_apart() -> None:
    world = World()
    intake = SpanSketcher(frozenset(SERVICES))
    for number in range(3 * MAX_SERVICES):
        intake.take(request(world, ["x"], f"garbage-{number}"), world.clock.now())
    for service in SERVICES:
        intake.take(request(world, ["GET /x"], service), world.clock.now())

    services = {operation.service for operation, _ in intake.drain()}
    assert {*SERVICES, OTHER_SERVICES} < services
    assert len(services) <= MAX_SERVICES + 2 * len(SERVICES) + 1


def test_one_record_cannot_open_sketches_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "MAX_SKETCHES", 100)
    world, intake = World(), SpanSketcher()

    intake.take(request(world, [f"n{number}" for number in range(300)]), world.clock.now())

    assert len(intake.sketches) == 100
    assert intake.dropped == {TOO_MANY: 200}


def test_a_judge_that_is_sent_operations_without_end_keeps_so_many() -> None:
    world = World()
    now = world.clock.now()
    for number in range(4):
        sketches = {}
        for one in range(MAX_OPERATIONS):
            sketch = Sketch()
            sketch.add(5, False, b"x" * 16)
            key = Operation("policy-service", SpanKind.SERVER, f"{number}-{one}"), now // SECOND
            sketches[key] = sketch
        world.detectors.take_frame(Frame(0, number, number, sketches), now)

    watches = world.detectors.operations.watches
    assert len(watches) <= MAX_OPERATIONS + 2
    (other,) = [watch for operation, watch in watches.items() if operation.name == OTHER]
    assert sum(sketch.count for sketch in other.open.values()) >= 3 * MAX_OPERATIONS


NANOSECONDS = st.integers(0, 2**64 - 1) | st.integers(999_000, 1_001_000).map(lambda s: s * SECOND)
SPANS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(["journey quote", "", "ü" * 300, "n" * 70_000]) | st.text(max_size=9),
            "kind": st.integers(0, 9),
            "trace_id": st.sampled_from([b"", b"x" * 16, b"y" * 5000]),
            "span_id": st.binary(max_size=9) | st.just(b"z" * 5000),
            "parent_span_id": st.sampled_from([b"", b"87654321"]),
            "start_time_unix_nano": NANOSECONDS,
            "end_time_unix_nano": NANOSECONDS,
        }
    ),
    max_size=12,
)


@settings(max_examples=amount(60, 15), deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["traffic", "policy-service", "", "s" * 9000]), SPANS), max_size=5))
def test_spans_of_any_times_and_sizes_leave_something_bounded_and_a_verdict_possible(
    groups: list[tuple[str, list[dict[str, object]]]],
) -> None:
    world = World()
    now, book, intake = world.clock.now(), JourneyBook(world.config.journeys), SpanSketcher(frozenset(SERVICES))
    for service, values in groups:
        message = ExportTraceServiceRequest()
        resource = message.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = service
        scope = resource.scope_spans.add()
        for span in values:
            scope.spans.add(**span, status=Status(code=Status.STATUS_CODE_ERROR))
        intake.take(message.SerializeToString(), now)
        for one in spans_of(message.SerializeToString()):
            book.add(one, now)
    frame = Frame(0, 0, 0, intake.drain())

    assert all(len(piece) <= subject.FRAME_BYTES + 5000 for piece in pieces(frame))
    assert sum(len(decode(piece).sketches) for piece in pieces(frame)) == len(frame.sketches)
    assert all(abs(second * SECOND - now) <= 901 * SECOND for _, second in frame.sketches)
    assert all(max(map(len, (one.service, one.name, one.peer))) <= MAX_NAME for one, _ in frame.sketches)
    for number in range(31):
        at = now + (6 + number) * SECOND
        good = Sketch, replace(spans_of(request(world, ["journey quote"], "traffic"))[0], start=at, end=at)
        book.add(replace(good[1], span_id=f"{number}", trace_id=f"{number}"), at)
    assert book.good_visits(now)[0] >= 30
    assert all(len(one.trace_id) <= 64 for one in book.attempts)


HUGE = "x" * 600_000
COUNT = JourneyCount(0, 3, 0, SECOND)
SYMPTOM = Symptom(SymptomKind.LATENCY, "policy-service", HUGE, 0.5, 0.1, 1)
SURE = diagnosis("policy-service", CauseKind.CRASH)
REFUSALS = tuple(RuleAnswer("bounds", number > 2, HUGE) for number in range(300))
GIANTS: list[Payload] = [
    Detection(
        "latency/policy-service", (SYMPTOM,) * 300, {f"s{n}": "healthy" for n in range(2000)}, COUNT, ("t",) * 99
    ),
    Recall(tuple(PastCase("01", n, 0.5, HUGE, HUGE, True) for n in range(50))),
    Decision(replace(SURE, evidence=(Evidence("trace:1", HUGE),), report=HUGE), Escalate(HUGE), REFUSALS, 5),
    Action(ActionResult.ESCALATED, Escalate(HUGE), HUGE, HUGE, HUGE, REFUSALS, HUGE),
    Verification(Outcome.UNDECIDED, COUNT, 0.0, 1.0, 3, 0, "ü" * 600_000),
    Conclusion(1.0, 2.0, "@" * 600_000),
    Learnt(HUGE, 5),
]


@pytest.mark.parametrize("payload", GIANTS, ids=lambda one: type(one).__name__)
def test_whatever_happened_can_be_recorded_and_fits_on_the_forge(payload: Payload) -> None:
    world = World()
    fact = Fact("01ARZ3", "local/x", 1, 1, "", STEP_OF[type(payload)], 1, 1, payload)

    signed = sign(fact, world.keys["scout"])
    body = render(signed, prose(signed.fact.payload))

    read = parse_footer(body)
    assert read is not None
    assert read.fact == signed.fact
    assert len(signed.message) <= MAX_PAYLOAD * 4 / 3 + 1000
    assert len(body) < FORGE_BODY


async def test_an_incident_of_hundreds_of_symptoms_with_endless_words_is_opened_and_healed() -> None:
    world = World()

    world.dead = {"policy-service"}
    for _ in range(4):
        await world.clock.sleep(0.25)
    (found,) = world.scout.detections()
    more = replace(SYMPTOM, since=found.symptoms[0].since)
    (number,) = await world.opener.open_missing([replace(found, symptoms=(*found.symptoms, *(more,) * 300))])
    world.scout.opened(found)
    assert (await world.play(number)).last.step is Step.REMEMBER


def test_more_symptoms_than_a_sighting_holds_are_not_taken_for_gone() -> None:
    world = World()
    seen = tuple(f"latency/{'s' * 90}-{number}" for number in range(5000))
    value, headers = encode(SymptomReport("local/x", 1, (*seen, "infrastructure/dead"), False), world.keys["scout"])

    told = sighting_of(Record("sre_sightings", 0, 0, 1, value, b"", headers), world.trust)

    assert told.blind
    assert "infrastructure/dead" in told.seen


def test_a_book_counts_what_has_an_endless_id() -> None:
    world = World()
    message = ExportTraceServiceRequest.FromString(request(world, ["journey quote"], "traffic"))
    message.resource_spans[0].scope_spans[0].spans[0].trace_id = b"t" * 100_000
    (span,) = spans_of(message.SerializeToString())

    assert world.book.add(span, world.clock.now()) is None
    assert world.book.dropped == {TOO_LARGE: 1}
