"""The snapshot of an incident: what it holds of each service, what it leaves open, and that nobody waits for it."""

import base64
import json
from dataclasses import replace

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from support.announcing import announcement, listening, pushed
from support.feeds import Feed, Signals, framed, spans
from support.git_world import MemoryGit
from support.logged import logged
from support.world import SECOND, World

from sre_space.agents.scout.processes import MAX_INSTANCES, MAX_LINES, Deployed, Processes
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.snapshots import MAX_SERVICES, Snapshots
from sre_space.codec.footer import MAX_PAYLOAD, parse_footer, prose_of, render, sign
from sre_space.codec.topics import LOGS, METRICS
from sre_space.domain.errors import Missing, Unavailable
from sre_space.domain.facts import Detection, Fact, Step
from sre_space.domain.snapshot import ServiceSnapshot, Snapshot
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.feeds.announcements import DONE, Announcements
from sre_space.feeds.running_commits import RunningCommits
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.loop.watch import Watch
from sre_space.ports.bus import Record
from sre_space.text.error_lines import ErrorLine
from sre_space.text.prose import MAX_PROSE, prose

POLICY = "policy-service"
OUT = Symptom(SymptomKind.INFRASTRUCTURE, POLICY, "no connection", 0.5, 0.5, 0)


def consumer(world: World, announcements: Announcements | None = None) -> SignalConsumer:
    """Those of a world in memory, which tell its processes; nobody is woken."""
    watch = Watch(world.runners[next(iter(world.runners))], Signals(), Feed([]), 1.0, lambda _: None)
    announced = announcements or listening(world)
    return SignalConsumer(
        world.scout, world, world.opener, watch, world.clock, announced, world.hold_feed, world.processes
    )


def levels(world: World, instance: str, **values: float) -> Record:
    """Return a record of the memory and CPU use that a process of policy-service measures now."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    for key, text in (("service.name", POLICY), ("service.instance.id", instance)):
        resource.resource.attributes.add(key=key).value.string_value = text
    names = {"memory": "process.memory.usage", "cpu": "process.cpu.utilization"}
    for name, value in values.items():
        metric = resource.scope_metrics.add().metrics.add(name=names[name])
        metric.gauge.data_points.add(time_unix_nano=world.clock.now(), as_double=value)
    return Record(METRICS, 0, 0, world.clock.now(), message.SerializeToString())


def detection(world: World, *symptoms: Symptom) -> Detection:
    """Of an outage that began ten seconds ago."""
    now = world.clock.now()
    found = tuple(replace(one, since=now - 10 * SECOND) for one in symptoms or (OUT,))
    health = {name: each.word for name, each in world.board.items()}
    return Detection(found[0].key, found, health, JourneyCount(3, 1, now - 10 * SECOND, now), ("ab" * 16,))


def taken(world: World) -> Snapshot:
    """Now."""
    snapshots = Snapshots(DetectorReports(world.detectors), world.processes, "http://jaeger.example:16686/")
    return snapshots.take(detection(world), world.clock.now())


async def lived(world: World) -> None:
    """Play a deployment, requests, a restart and error lines of policy-service, and then its outage."""
    announced = listening(world)
    announced.processes = world.processes
    ours = consumer(world, announced)
    ours.processes.memory_limits = {POLICY: 400_000_000}
    sha = pushed(world, POLICY, 6)
    for phase in ("started", DONE):
        ours.take_in(announcement(world, sha, POLICY, phase))
        await ours.announcements.confirm()
    for number in range(4):
        await world.clock.sleep(1)
        ours.take_in(levels(world, f"p{number // 2}", memory=100e6, cpu=0.25))
        ours.take_in(framed(world, spans(world, 0, number, 5)))
        body = logged((17, f"boom {number}, ask jane@example.org | now"), at=world.clock.now())
        ours.take_in(Record(LOGS, 0, number, world.clock.now(), body))
    world.dead = {POLICY}
    for _ in range(5):
        await world.clock.sleep(0.25)


async def test_a_snapshot_holds_what_is_known_of_each_service_the_accused_one_first() -> None:
    world = World()
    await lived(world)

    snapshot = taken(world)

    one, *others = snapshot.services
    assert [one.service, *sorted(other.service for other in others)] == [POLICY, "quote-service", "user-service"]
    assert one.state == "out"
    assert one.since == world.board[POLICY].failing_since
    assert (one.restarts, one.watched) == (1, world.processes.watched)
    assert one.restarted > 0
    assert (one.memory, one.memory_limit, one.cpu) == (100e6, 400e6, 0.25)
    assert (one.rate, one.errors, one.seconds) == (2.0, 0.0, 10)
    assert one.p95 is not None
    assert one.p95 < 0.001
    assert one.commit == (await world.git.commit("main")).sha
    assert one.deployed > 0
    assert one.lines == tuple(f"22:13:{21 + number} boom {number}, ask [address removed] | now" for number in (1, 2, 3))
    begun, now = world.clock.now() - 70 * SECOND, world.clock.now()
    assert one.traces == (
        f"http://jaeger.example:16686/search?service={POLICY}&start={begun // 1000}&end={now // 1000}"
        "&limit=20&lookback=custom"
    )
    assert (snapshot.since, snapshot.until, snapshot.left_out) == (begun, now, 0)


def test_limit_and_restarts_are_the_runtimes_before_any_metric() -> None:
    world = World()
    world.processes.memory_limits = {POLICY: 400_000_000}
    for count in (1, 2):
        world.processes.counted(POLICY, "", count, world.clock.now())

    one = taken(world).services[0]

    assert (one.restarts, one.restarted, one.memory, one.memory_limit) == (1, world.clock.now(), None, 400e6)


def test_what_is_not_known_is_left_open() -> None:
    world = World()

    one = taken(world).services[0]

    assert (one.restarts, one.memory, one.memory_limit, one.cpu) == (None, None, None, None)
    assert (one.rate, one.errors, one.p95, one.commit, one.lines) == (None, None, None, "", ())


async def test_other_detectors_that_fire_are_in_the_state() -> None:
    world = World()
    await lived(world)
    world.dead = set()
    for _ in range(3):
        await world.clock.sleep(0.25)
    (memory,) = (one for (_, name), one in world.detectors.resources.items() if name == "memory")
    memory.fired_at = memory.since = world.clock.now()
    world.detectors.evaluate(world.clock.now())

    assert taken(world).services[0].state == "healthy, saturation alarm"


def test_processes_are_bounded_and_the_same_name_is_no_restart() -> None:
    processes = Processes()
    for number in range(MAX_INSTANCES + 50):
        processes.began(POLICY, f"{number}", number)
        processes.began(POLICY, f"{number}", number)
        processes.logged(ErrorLine(POLICY, number, f"{number}"))

    assert processes.restarts == {POLICY: MAX_INSTANCES + 49}
    assert len(processes.instances[POLICY]) == MAX_INSTANCES
    assert [one.text for one in processes.lines[POLICY]] == ["147", "148", "149"]
    assert len(processes.lines[POLICY]) == MAX_LINES


def test_an_error_line_of_the_future_is_dropped_and_counted() -> None:
    world = World()
    ours, ahead = consumer(world), world.clock.now() + 3600 * SECOND

    ours.take_in(Record(LOGS, 0, 0, world.clock.now(), logged((17, "boom"), at=ahead)))

    assert not world.processes.lines
    assert sum(world.reporter.lost.values()) == 1


class Runs:
    """What runs, as a deployer says; None: it does not answer."""

    def __init__(self, answer: bool | None) -> None:
        self.answer = answer

    async def in_force(self, _path: str, _content: bytes) -> bool:
        """Return the same answer for every file; raise `Unavailable` when there is none."""
        if self.answer is None:
            raise Unavailable("the deployer is away")
        return self.answer


async def test_without_a_deployment_the_commit_is_mains_where_its_file_is_in_force() -> None:
    async def story(answer: bool | None) -> dict[str, Deployed]:
        world = World()
        world.processes.runs({"user-service": Deployed("abc", 5)})
        commits = RunningCommits(world.git, Runs(answer), world.processes, world.config.services, world.clock)
        await commits.learn()
        return world.processes.deployed

    known = await story(True)
    assert known["user-service"] == Deployed("abc", 5)
    assert known[POLICY].commit == known["quote-service"].commit != "abc"
    assert await story(False) == {"user-service": Deployed("abc", 5)}
    with pytest.raises(Unavailable):
        await story(None)


async def test_the_fact_carries_the_snapshot_and_people_read_it_as_a_table() -> None:
    world = World()
    await lived(world)
    number = await world.detect()
    body = (await world.forge.issue(number)).body

    signed = parse_footer(body)
    assert signed is not None
    assert isinstance(signed.fact.payload, Detection)
    assert signed.fact.payload.snapshot is not None
    assert signed.fact.payload.snapshot.services[0].service == POLICY
    text = prose_of(body)
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert "| **out** | " in rows[POLICY]
    assert "| 1 since 2023-11-14 22:13:20, newest at " in rows[POLICY]
    assert "| 100 of 400 MB (25%) | 25% of a core | " in rows[POLICY]
    assert rows["user-service"].count("unknown") >= 6
    assert "policy-service: 22:13:24 boom 3, ask [address removed] | now" in text
    assert "[policy-service](http://jaeger.example/search?service=policy-service&start=" in text
    assert world.forge.found


async def test_an_incident_is_opened_at_once_when_no_source_knows_anything() -> None:
    world = World()
    world.dead = {POLICY}
    begun = world.clock.now()

    await world.detect()

    assert world.clock.now() - begun <= 20 * SECOND // 4
    (fact,) = (parse_footer(one.body) for one in world.forge.found)
    assert fact is not None
    assert isinstance(fact.fact.payload, Detection)
    assert fact.fact.payload.snapshot is not None


def large(world: World, services: int) -> Detection:
    """With as much as each service can have."""
    line = "x" * 200
    row = ServiceSnapshot("s" * 256, "out, error alarm", 1, 1, 1, 1, 1e9, 1e9, 1.0, 1.0, 1.0, 1.0, 10.0, "c" * 40, 1,
                          (line,) * MAX_LINES, "t" * 400)  # fmt: skip
    told = replace(detection(world), symptoms=(replace(OUT, detail="d" * 900),) * 5)
    return replace(told, snapshot=Snapshot((row,) * services, 0, 1, 3))


def test_a_large_snapshot_is_cut_before_the_symptoms_are() -> None:
    world = World()
    found = large(world, MAX_SERVICES)

    signed = sign(Fact("01I", "o/r", 0, 0, "", Step.DETECT, 1, 5, found), world.keys["scout"])
    read = parse_footer(render(signed, prose(signed.fact.payload)))

    assert read is not None
    assert isinstance(read.fact.payload, Detection)
    assert read.fact.payload.symptoms == found.symptoms
    snapshot = read.fact.payload.snapshot
    assert snapshot is not None
    assert 0 < len(snapshot.services) < MAX_SERVICES
    assert snapshot.left_out == 3 + MAX_SERVICES - len(snapshot.services)
    assert len(read.message) < 4 / 3 * MAX_PAYLOAD + 2_000
    assert f"{snapshot.left_out} more services are not listed here." in prose(read.fact.payload)
    assert len(prose(large(world, 60))) <= MAX_PROSE


def test_a_fact_without_a_snapshot_is_written_and_read_as_in_0_1_0() -> None:
    world = World()
    found = detection(world)

    signed = sign(Fact("01I", "o/r", 0, 0, "", Step.DETECT, 1, 5, found), world.keys["scout"])

    text = dict(line.split("=", 1) for line in signed.message.decode().splitlines())["payload"]
    written = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert list(written) == ["key", "symptoms", "health", "journey", "traces", "unseen"]
    assert "| service | health |" in prose(found)
    read = parse_footer(render(signed, prose(found)))
    assert read is not None
    assert read.fact.payload == found


async def test_a_missing_file_of_a_service_leaves_its_commit_unknown() -> None:
    class Git(MemoryGit):
        """A head, and no files."""

        async def read_file(self, path: str, ref: str = "main") -> bytes:
            """Never."""
            raise Missing(f"{path} at {ref}")

    world = World()
    await RunningCommits(
        Git({}, world.clock.now), Runs(True), world.processes, world.config.services, world.clock
    ).learn()

    assert not world.processes.deployed
