"""What Scout hears becomes what it judges: records in, frames and levels and windows out."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from support.announcing import announcement, listening, pushed
from support.world import SECOND, World

from sre_space.agents.scout.docket import Docket
from sre_space.analysis.sketch import Operation
from sre_space.domain.errors import Malformed, Unavailable
from sre_space.domain.facts import Step, SymptomKind
from sre_space.domain.telemetry import SpanKind
from sre_space.loop.senses import ASKED, BOUGHT, CHANGES, METRICS, SIGNALS, SPANS, Senses
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record
from sre_space.wire.memory_limits import memory_limits
from sre_space.wire.sketches import Frames, decode


class Enough(Exception):
    """The script of a feed is over."""


@dataclass
class Feed:
    """Answers what it was given, one answer at a time, then ends the test."""

    script: list[list[Record]]
    commits: int = 0

    async def next(self, timeout: float) -> Sequence[Record]:
        """The next answer."""
        if not self.script:
            raise Enough
        return self.script.pop(0)

    async def commit(self) -> None:
        """Count."""
        self.commits += 1

    def owns(self) -> bool:
        """Always."""
        return True

    async def alive(self) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing to release."""


@dataclass
class Signals:
    """Keeps what is published; `away` refuses."""

    frames: list[bytes] = field(default_factory=list)
    away: bool = False

    async def publish(
        self, topic: str, value: bytes, *, key: bytes = b"", headers: Mapping[str, bytes] | None = None
    ) -> None:
        """Keep, or refuse."""
        if self.away:
            raise Unavailable("the bus is away")
        assert topic == SIGNALS
        self.frames.append(value)

    async def close(self) -> None:
        """Nothing to release."""


def senses(world: World, signals: Signals) -> Senses:
    """Those of a world in memory; nobody is woken."""
    watch = Watch(world.runners[next(iter(world.runners))], signals, Feed([]), 1.0, lambda _: None)
    return Senses(world.scout, world, world.opener, watch, world.forge, signals, world.clock, listening(world))


def spans(world: World, partition: int, offset: int, count: int = 1) -> Record:
    """A record of spans that policy-service served now."""
    now, message = world.clock.now(), ExportTraceServiceRequest()
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "policy-service"
    scope = resource.scope_spans.add()
    for _ in range(count):
        scope.spans.add(name="GET /x", kind=2, start_time_unix_nano=now - 1000, end_time_unix_nano=now)
    return Record(SPANS, partition, offset, now, message.SerializeToString())


def test_spans_become_frames_by_partition_and_offsets_are_committed_after_them() -> None:
    world, signals, feed = World(), Signals(), Feed([])
    ours = senses(world, signals)

    async def story() -> None:
        feed.script = [[spans(world, 0, 7, 3), spans(world, 1, 2), spans(world, 0, 8, 2)], []]
        publishing = asyncio.ensure_future(ours.sketch_for_ever(_late(feed, world)))
        with pytest.raises(Enough):
            await publishing

    asyncio.run(story())
    first, second = (decode(body) for body in signals.frames)
    counts = [sum(sketch.count for sketch in frame.sketches.values()) for frame in (first, second)]
    assert [(one.partition, one.first, one.last) for one in (first, second)] == [(0, 7, 8), (1, 2, 2)]
    assert counts == [5, 1]
    assert feed.commits == 1


@dataclass
class _Late(Feed):
    """Half a second passes with each answer."""

    inner: Feed = field(default_factory=lambda: Feed([]))
    world: World = field(default_factory=World)

    async def next(self, timeout: float) -> Sequence[Record]:
        """The inner feed's."""
        self.world.clock.time += SECOND // 2
        return await self.inner.next(timeout)

    async def commit(self) -> None:
        """The inner feed's."""
        await self.inner.commit()


def _late(feed: Feed, world: World) -> _Late:
    return _Late([], 0, feed, world)


def test_with_the_bus_away_sketches_wait_and_nothing_is_committed() -> None:
    world, signals, feed = World(), Signals(away=True), Feed([])
    ours = senses(world, signals)

    async def story() -> None:
        feed.script = [[spans(world, 0, 7)], []]
        with pytest.raises(Enough):
            await ours.sketch_for_ever(_late(feed, world))

    asyncio.run(story())
    assert not signals.frames
    assert feed.commits == 0


def test_a_frame_counts_once_however_often_it_comes() -> None:
    world, signals, feed = World(), Signals(), Feed([])
    ours = senses(world, signals)

    async def story() -> None:
        feed.script = [[spans(world, 0, 7, 4)], []]
        with pytest.raises(Enough):
            await ours.sketch_for_ever(_late(feed, world))

    asyncio.run(story())
    record = Record(SIGNALS, 0, 0, world.clock.now(), signals.frames[0])
    for _ in range(3):
        ours.take_in(record)

    watch = world.watchers.operations.watches[Operation("policy-service", SpanKind.SERVER, "GET /x")]
    assert sum(sketch.count for sketch in watch.open.values()) == 4
    assert not Frames({0: 7}).fresh(decode(signals.frames[0]))


@dataclass
class Past:
    """What was on the bus."""

    records: list[Record]
    away: bool = False

    async def window(self, topic: str, since: int, until: int, limit: int = 100_000) -> Sequence[Record]:
        """By topic and time."""
        if self.away:
            raise Unavailable("the bus is away")
        return [record for record in self.records if record.topic == topic and since <= record.at < until]


@pytest.mark.parametrize("away", [False, True])
def test_what_was_missed_is_read_back_before_what_is_new_and_counts_once(away: bool) -> None:
    world = World()
    ours = senses(world, Signals())
    body = json.dumps({"quote_id": "q1"}).encode()
    headers = {"ce_time": datetime.fromtimestamp(world.clock.now() / SECOND, UTC).isoformat().encode()}
    old, new = (
        Record(ASKED, 0, n, world.clock.now() - SECOND, body, key, headers) for n, key in enumerate((b"q1", b"q2"))
    )

    async def story() -> list[str]:
        listening = asyncio.ensure_future(ours.listen_for_ever(Feed([[old, new]])))
        await asyncio.sleep(0)
        assert not world.watchers.cohorts.asked
        await ours.read_back(Past([old], away), 0)
        with pytest.raises(Enough):
            await listening
        return list(world.watchers.cohorts.asked)

    assert asyncio.run(story()) == ["q1", "q2"]


def test_what_failed_in_an_incident_of_before_is_not_burnt_again_by_a_scout_that_starts() -> None:
    world = World()

    async def story() -> None:
        world.dead = {"policy-service"}
        case = await world.play(await world.detect())
        opened, verified = case.chain[0].fact, case.fact_of(Step.VERIFY)
        assert verified is not None
        docket = world.watchers.docket = Docket()

        await senses(world, Signals()).read_back(Past([]), 0)

        assert docket.excused(opened.at)
        assert not docket.excused(verified.at)
        assert not docket.open

    asyncio.run(story())


def test_a_deployment_that_heals_opens_nothing_and_one_that_kills_opens_one() -> None:
    async def story(survives: bool) -> list[str]:
        world = World(deployer=False)
        ours = senses(world, Signals())
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

    assert asyncio.run(story(survives=True)) == []
    assert set(asyncio.run(story(survives=False))) == {"infrastructure/policy-service"}


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b'{"service": "x"}', b"\xff"])
def test_a_change_or_an_event_that_is_none_is_malformed(record: bytes) -> None:
    ours = senses(World(), Signals())
    for topic in (CHANGES, BOUGHT, SIGNALS):
        with pytest.raises((Malformed, UnicodeDecodeError)):
            ours.take_in(Record(topic, 0, 0, 1, record, b"q1"))


def test_limits_are_read_from_the_desired_state() -> None:
    lines = ("# A comment", "POLICY_SERVICE_MEMORY_BYTES=400000000", "#OLD_MEMORY_BYTES=5", "", "X_MEMORY_BYTES=lots")
    text = "\n".join((*lines, "POLICY_SERVICE_REPLICAS=1"))

    assert memory_limits(text) == {"policy-service": 400_000_000}


def test_a_scout_that_starts_knows_past_deployments_and_who_served_before() -> None:
    world = World()
    ours, signals = senses(world, Signals()), Signals()
    ours_before = senses(world, signals)

    async def story() -> None:
        feed = Feed([[spans(world, 0, 7, 3)], []])
        with pytest.raises(Enough):
            await ours_before.sketch_for_ever(_late(feed, world))
        frame = Record(SIGNALS, 0, 0, world.clock.now(), signals.frames[0])
        world.board["policy-service"].seen_healthy = False
        started = announcement(world, pushed(world, "policy-service", 6), "policy-service")

        await ours.read_back(Past([frame, started]), 0)

        assert world.board["policy-service"].seen_healthy
        assert world.watchers.docket.excused(started.at)

    asyncio.run(story())


def pool(world: World, in_use: int) -> Record:
    """What a service tells of its ten connections."""
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
    ours = senses(world, Signals())

    for _ in range(10):
        ours.take_in(pool(world, in_use))
        world.clock.time += SECOND // 2

    [connections] = world.watchers.resources.values()
    assert [finding.symptom.kind for finding in connections.findings()] == kinds
