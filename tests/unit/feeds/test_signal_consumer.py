"""What Scout hears becomes what it judges: records in, frames and levels and windows out."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from support.announcing import announcement, listening, pushed
from support.feeds import Enough, Feed, Past, Signals, framed, spans
from support.limits import limited
from support.world import SECOND, World

from sre_space.agents.scout.journeys import Attempt
from sre_space.agents.scout.open_incidents import OpenIncidents
from sre_space.analysis.detection.burn_rate import MIN_BAD, Budget
from sre_space.analysis.statistics.sketch import Operation
from sre_space.codec.desired_limits import desired_limits
from sre_space.codec.topics import CHANGES, METRICS, SIGNALS
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import Step
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record


def consumer(world: World) -> SignalConsumer:
    """Those of a world in memory; nobody is woken."""
    watch = Watch(world.runners[next(iter(world.runners))], Signals(), Feed([]), 1.0, lambda _: None)
    return SignalConsumer(world.scout, world, world.opener, watch, world.clock, listening(world), world.hold_feed)


def test_a_frame_counts_once_however_often_it_comes() -> None:
    world = World()
    ours, record = consumer(world), framed(world, spans(world, 0, 7, 4))

    for _ in range(3):
        ours.take_in(record)

    watch = world.detectors.operations.watches[Operation("policy-service", SpanKind.SERVER, "GET /x")]
    assert sum(sketch.count for sketch in watch.open.values()) == 4


@pytest.mark.parametrize("refusals", [0, 1])
async def test_what_was_missed_is_read_back_before_what_is_new_and_counts_once(refusals: int) -> None:
    world = World()
    ours = consumer(world)
    body = json.dumps({"quote_id": "q1"}).encode()
    headers = {"ce_time": datetime.fromtimestamp(world.clock.now() / SECOND, UTC).isoformat().encode()}
    old, new = (
        Record("quote_requested", 0, n, world.clock.now() - SECOND, body, key, headers)
        for n, key in enumerate((b"q1", b"q2"))
    )

    listening = asyncio.ensure_future(ours.listen_forever(Feed([[old, new]])))
    await asyncio.sleep(0)
    assert not world.detectors.journeys["buy"].cohorts.asked
    await ours.read_back(Past([old], refusals), 0)
    with pytest.raises(Enough):
        await listening
    assert list(world.detectors.journeys["buy"].cohorts.asked) == ["q1", "q2"]


async def test_what_failed_in_an_incident_of_before_is_not_burnt_again_by_a_scout_that_starts() -> None:
    world = World()

    world.dead = {"policy-service"}
    case = await world.play(await world.detect())
    opened, verified = case.chain[0].fact, case.fact_of(Step.VERIFY)
    assert verified is not None
    open_incidents = world.detectors.open_incidents = OpenIncidents()

    await consumer(world).read_back(Past([]), 0)

    assert open_incidents.inhibitions.excuse(opened.at)
    assert not open_incidents.inhibitions.excuse(verified.at)
    assert not open_incidents.open


async def test_what_failed_right_before_the_first_symptom_is_of_its_incident_whenever_it_is_heard_of() -> None:
    world = World()
    budget = world.detectors.journeys["buy"].budget = Budget("buy-insurance", scale=1 / 60)
    first, count = world.clock.now() - SECOND, 2 * (MIN_BAD - 1)
    failed = [Attempt(f"{number}", f"{number}", first, False, "", "quote", 0, "buy") for number in range(count)]

    world.dead = {"policy-service"}
    for attempt in failed[::2]:
        world.detectors.take_attempt(attempt)
    case = await world.case(await world.detect())
    assert min(symptom.since for symptom in case.detection.symptoms) > first
    for attempt in failed[1::2]:
        world.detectors.take_attempt(attempt)
    budget.least_bad = 1  # not one is left

    assert not budget.burning(world.clock.now())
    assert budget.spent(world.clock.now()) > 1


async def test_a_deployment_that_heals_opens_nothing_and_one_that_kills_opens_one() -> None:
    async def story(survives: bool) -> list[str]:
        world = World(deployer=False)
        ours = consumer(world)
        sha = pushed(world, "policy-service", 6)
        ours.take_in(announcement(world, sha, "policy-service"))
        await ours.announcements.confirm()
        world.dead = {"policy-service"}
        for _ in range(6):
            await world.clock.sleep(0.25)
            assert world.scout.detections() == []
        ours.take_in(announcement(world, sha, "policy-service", "done"))
        await ours.announcements.confirm()
        world.dead -= {"policy-service"} if survives else set()
        keys = []
        for _ in range(20):
            await world.clock.sleep(0.25)
            keys += [detection.key for detection in world.scout.detections()]
        return keys

    assert await story(survives=True) == []
    assert set(await story(survives=False)) == {"infrastructure/policy-service"}


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b'{"service": "x"}', b"\xff"])
def test_a_change_or_an_event_that_is_none_is_malformed(record: bytes) -> None:
    ours = consumer(World())
    for topic in (CHANGES, "quote_purchased", SIGNALS):
        with pytest.raises((Malformed, UnicodeDecodeError)):
            ours.take_in(Record(topic, 0, 0, 1, record, b"q1"))


def measured(world: World, instance: str, **values: float) -> Record:
    """Return a record of metrics of policy-service by name, in which a double underscore stands for a point."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    for key, text in (("service.name", "policy-service"), ("service.instance.id", instance)):
        resource.resource.attributes.add(key=key).value.string_value = text
    for name, value in values.items():
        metric = resource.scope_metrics.add().metrics.add(name=name.replace("__", "."))
        metric.gauge.data_points.add(time_unix_nano=world.clock.now(), as_double=value)
    return Record(METRICS, 0, 0, world.clock.now(), message.SerializeToString())


@pytest.mark.parametrize(("runtime", "limit"), [({}, 500.0), ({"policy-service": 400}, 400.0)])
def test_a_limit_in_the_telemetry_counts_where_the_runtime_knows_none(runtime: dict[str, int], limit: float) -> None:
    world = World()
    ours = consumer(world)
    ours.processes.memory_limits = runtime

    ours.take_in(measured(world, "a collector", k8s__container__memory__limit=500.0))
    ours.take_in(measured(world, "p1", process__memory__usage=100.0))

    assert world.detectors.resources["policy-service", "memory"].resource.limit == limit
    assert list(ours.processes.instances["policy-service"]) == ["p1"]  # who reports a limit is no process of it


def leaking(world: World, ours: SignalConsumer, instances: Sequence[str], seconds: int) -> int:
    """Have the last of the instances leak while the others stay well; return after how many seconds it is seen."""
    for second in range(seconds):
        for instance in instances:
            used = 100.0 + 12 * second if instance == instances[-1] else 120.0
            ours.take_in(measured(world, instance, process__memory__usage=used))
        world.clock.time += SECOND
        if world.detectors.resources["policy-service", "memory"].firing:
            return second
    return -1


@pytest.mark.parametrize("others", [[], ["p1"], ["p1", "p2"]])
def test_a_leak_of_one_instance_is_seen_as_soon_among_healthy_ones(others: list[str]) -> None:
    world = World()
    ours = consumer(world)
    ours.processes.memory_limits = {"policy-service": 500}

    assert leaking(world, ours, [*others, "p9"], 40) == 29


def test_a_process_that_replaces_another_begins_anew() -> None:
    world = World()
    ours = consumer(world)
    ours.processes.memory_limits = {"policy-service": 500}
    assert leaking(world, ours, ["p1"], 40) > 0

    ours.take_in(measured(world, "p2", process__memory__usage=100.0))

    memory = world.detectors.resources["policy-service", "memory"]
    assert (memory.firing, memory.samples[-1][1]) == (False, 0.2)


def test_without_a_limit_memory_is_not_judged() -> None:
    world = World()
    ours = consumer(world)

    ours.take_in(measured(world, "p1", process__memory__usage=100.0, k8s__container__memory__limit_utilization=0.9))

    assert not world.detectors.resources


def test_limits_are_read_from_the_desired_state() -> None:
    lines = ("# A comment", "POLICY_SERVICE_MEMORY_BYTES=400000000", "#OLD_MEMORY_BYTES=5", "", "X_MEMORY_BYTES=lots")
    text = "\n".join((*lines, "POLICY_SERVICE_REPLICAS=1"))

    names = (("policy-service", "POLICY_SERVICE"), ("old", "OLD"), ("x", "X"), ("other", "OTHER"))
    services = [limited(name, "space.env", f"{key}_MEMORY_BYTES") for name, key in names]

    assert desired_limits(services, {"space.env": text}) == {"policy-service": 400_000_000}


async def test_a_scout_that_starts_knows_past_deployments_and_who_served_before() -> None:
    world = World()
    ours = consumer(world)

    frame = framed(world, spans(world, 0, 7, 3))
    world.board["policy-service"].seen_healthy = False
    started = announcement(world, pushed(world, "policy-service", 6), "policy-service")

    await ours.read_back(Past([frame, started]), 0)

    assert world.board["policy-service"].seen_healthy
    assert world.detectors.inhibitions.excuse(started.at)


def pool(world: World, in_use: int) -> Record:
    """Return a record of policy-service's ten connections, `in_use` of which are in use."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    for name, value in (("db.client.connection.max", 10), ("db.client.connection.count", in_use)):
        metric = resource.scope_metrics.add().metrics.add(name=name)
        metric.sum.data_points.add(as_int=value, time_unix_nano=world.clock.now())
    return Record(METRICS, 0, 0, world.clock.now(), message.SerializeToString())


@pytest.mark.parametrize(("in_use", "kinds"), [(10, [SymptomKind.SATURATION]), (6, [])])
def test_a_pool_without_a_free_connection_is_saturated(in_use: int, kinds: list[SymptomKind]) -> None:
    world = World()
    ours = consumer(world)

    for _ in range(10):
        ours.take_in(pool(world, in_use))
        world.clock.time += SECOND // 2

    [connections] = world.detectors.resources.values()
    assert [finding.symptom.kind for finding in connections.findings()] == kinds
