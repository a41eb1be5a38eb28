"""What is dated tomorrow, in 1970 or in 2262 moves nothing: it is counted by its reason, also when it is read back."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from support.announcing import listening
from support.feeds import Feed as Script
from support.feeds import Past, Signals, framed, spans
from support.world import SECOND, World

from sre_space.analysis.detection.burn_rate import MIN_BAD, Budget
from sre_space.analysis.detection.telemetry_health import SILENT_NS
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.codec.sketches import Frame, encode
from sre_space.codec.symptom_report import decode
from sre_space.codec.topics import METRICS, SIGNALS, SPANS
from sre_space.domain.bounds import NO_NUMBER, TOO_LARGE
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import BACKWARD, FUTURE, PAST
from sre_space.domain.facts import Outcome
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.signal_consumer import SignalConsumer, take_or_count
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record

DAY = 86_400 * SECOND
LIMIT, COUNT = "process.unix.file_descriptor.limit", "process.unix.file_descriptor.count"


def consumer(world: World) -> SignalConsumer:
    """Those of a world in memory; nobody is woken."""
    watch = Watch(world.runners[next(iter(world.runners))], Signals(), Script([]), 1.0, lambda _: None)
    return SignalConsumer(world.scout, world, world.opener, watch, world.clock, listening(world), world.hold_feed)


def root(world: World, start: int, end: int, id: bytes = b"12345678", claimed: int = 0) -> Record:
    """Return a record of a failed visit by the traffic; its time is now unless `claimed` is set."""
    message = ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "traffic"
    span = resource.scope_spans.add().spans.add(
        name="journey quote", trace_id=id * 2, span_id=id, start_time_unix_nano=start, end_time_unix_nano=end
    )
    span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR))
    return Record(SPANS, 0, 0, claimed or world.clock.now(), message.SerializeToString())


def level(world: World, at: int, value: float, name: str = "process.cpu.utilization") -> Record:
    """Return a record with one metric sample of policy-service."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    metric = resource.scope_metrics.add().metrics.add(name=name)
    metric.gauge.data_points.add(time_unix_nano=at, as_double=value)
    return Record(METRICS, 0, 0, world.clock.now(), message.SerializeToString())


async def healed(world: World) -> Outcome:
    """Stop a service, let the agents handle the incident, and return the outcome of its verification."""
    world.dead = {"policy-service"}
    case = await world.play(await world.detect())
    (verdict,) = [one.fact.payload for one in case.chain if one.fact.step == "verify"]
    return verdict.outcome  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("start", "end", "reason"),
    [(DAY, DAY, FUTURE), (0, DAY, FUTURE), (-DAY, -DAY, PAST), (0, -SECOND, BACKWARD), (60 * SECOND, 0, FUTURE)],
)
async def test_a_failed_visit_of_another_time_does_not_keep_an_incident_from_its_verdict(
    start: int, end: int, reason: str
) -> None:
    world = World()
    now = world.clock.now()

    take_or_count(root(world, now + start, now + end), consumer(world).take_in, consumer(world).losses)
    assert await healed(world) is Outcome.RECOVERED
    assert world.reporter.lost == {reason: 1}


async def test_the_same_visit_is_dropped_again_by_a_scout_that_reads_it_back_when_its_time_has_come() -> None:
    world = World()
    forged = root(world, world.clock.now() + 120 * SECOND, world.clock.now() + 120 * SECOND)
    world.clock.time += 150 * SECOND

    await consumer(world).read_back(Past([forged]), 0)

    assert all(attempt.good for attempt in world.book.attempts)
    assert world.reporter.lost == {FUTURE: 1}


def test_a_frame_of_tomorrow_neither_makes_a_feed_look_timely_nor_is_judged() -> None:
    world = World()
    ours, now = consumer(world), world.clock.now()
    operation = Operation("policy-service", SpanKind.SERVER, "GET /x")
    sketches = {(operation, (now + DAY) // SECOND): Sketch(), (operation, 2**60): Sketch(), (operation, 0): Sketch()}
    for sketch in sketches.values():
        sketch.add(5, True, b"x" * 16)
    record = Record(SIGNALS, 0, 0, now + DAY, encode(Frame(0, 0, 0, sketches)))

    ours.take_in(record)
    world.detectors.evaluate(now + SILENT_NS + SECOND)

    assert world.detectors.telemetry.blind
    assert not world.detectors.operations.watches
    assert world.reporter.lost == Counter({FUTURE: 2, PAST: 1})


@pytest.mark.parametrize("first", [2**62, 10_000_000, 0])
def test_a_frame_of_offsets_that_nobody_has_reached_does_not_silence_those_that_follow(first: int) -> None:
    world = World()
    ours = consumer(world)
    last = 2**63 if first == 0 else first
    ours.take_in(Record(SIGNALS, 0, 0, world.clock.now(), encode(Frame(0, first, last, {}))))

    ours.take_in(framed(world, spans(world, 0, 7, 4)))

    watch = world.detectors.operations.watches[Operation("policy-service", SpanKind.SERVER, "GET /x")]
    assert sum(sketch.count for sketch in watch.open.values()) == 4


def event(world: World, topic: str, at: str, key: bytes = b"q1") -> Record:
    """Return a business event that claims this time."""
    return Record(topic, 0, 0, world.clock.now(), b"{}", key, {"ce_time": at.encode()})


@pytest.mark.parametrize("topic", ["quote_requested", "quote_purchased"])
def test_events_of_another_time_or_with_endless_keys_are_kept_by_nobody(topic: str) -> None:
    world = World()
    ours, now = consumer(world), datetime.fromtimestamp(world.clock.now() / SECOND, UTC)
    tomorrow, endless = (now + timedelta(days=1)).isoformat(), b"q" * 10_000
    for at in (tomorrow, "1970-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00", "soon"):
        take_or_count(event(world, topic, at), ours.take_in, ours.losses)
    take_or_count(event(world, topic, now.isoformat(), endless), ours.take_in, ours.losses)

    cohorts = world.detectors.journeys["buy"].cohorts
    assert not cohorts.asked
    assert not cohorts.bought
    assert world.reporter.lost == {FUTURE: 2, PAST: 2, TOO_LARGE: 1, f"a record that is none of {topic}": 1}


def test_a_sample_of_tomorrow_or_that_is_no_number_does_not_blind_the_detector_of_its_resource() -> None:
    world = World()
    ours, now = consumer(world), world.clock.now()
    for at, value in ((now + DAY, 0.1), (0, 0.1), (now, float("nan")), (now, float("inf"))):
        ours.take_in(level(world, at, value))
    for tick in range(80):
        world.clock.time = now + tick * SECOND // 2
        ours.take_in(level(world, world.clock.time, 0.99))

    assert [one.findings() != [] for one in world.detectors.resources.values()] == [True]
    assert world.reporter.lost == {FUTURE: 1, PAST: 1, NO_NUMBER: 2}


def test_what_is_a_little_ahead_counts_as_of_now_and_evicts_nothing() -> None:
    world = World()
    budget = world.detectors.journeys["buy"].budget = Budget("buy", scale=1 / 60)
    ours, now = consumer(world), world.clock.now()
    for number in range(MIN_BAD):
        ours.take_in(root(world, now - SECOND, now - SECOND, f"bad-{number:04}".encode()))
    ours.take_in(root(world, now + 4 * SECOND, now + 4 * SECOND))

    assert budget.burning(now)
    assert max(attempt.start for attempt in world.book.attempts) == now
    assert not world.reporter.lost


def test_a_limit_of_nothing_is_no_limit() -> None:
    world = World()
    ours = consumer(world)
    for name, value in ((LIMIT, 0.0), (COUNT, 5.0), (LIMIT, -1.0), (COUNT, 5.0)):
        ours.take_in(level(world, world.clock.now(), value, name))

    assert not world.detectors.resources


@pytest.mark.parametrize("at", ["1e400", "9" * 400, '"x"', "null"])
def test_a_sighting_of_no_time_is_none(at: str) -> None:
    value = f'{{"repository": "local/x", "at": {at}, "seen": [], "blind": false}}'.encode()

    with pytest.raises(Malformed):
        decode(Record("sre_sightings", 0, 0, 1, value), World().trust)


def test_a_flood_is_counted_whole_and_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    ours = consumer(world)
    for number in range(1000):
        take_or_count(Record(SIGNALS, 0, number, world.clock.now(), b"garbage"), ours.take_in, ours.losses)

    assert world.reporter.lost == {"a record that is none of sre_signals": 1000}
    assert len(caplog.records) == 1
