"""What Scout makes of what it knew before a pause of its process, and what it says until it has looked again."""

import asyncio
import contextlib
from dataclasses import dataclass

import pytest
from support.announcing import announcement, listening, pushed
from support.feeds import Feed as Records
from support.feeds import Signals
from support.world import REPOSITORY, SECOND, Fault, World, diagnosis

from sre_space.agents.scout.health import FAILURES_TO_FIRE, ServiceHealth
from sre_space.agents.scout.journeys import Attempt
from sre_space.agents.scout.unseen import Unseen
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.cohorts import Cohorts
from sre_space.analysis.detection.saturation import Resource, Saturation
from sre_space.analysis.detection.telemetry_health import Feed
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Agent, Detection, Step
from sre_space.domain.health_check import HealthCheck
from sre_space.domain.symptoms import JourneyCount, Symptom, SymptomKind
from sre_space.feeds.publishing import ReportPublisher
from sre_space.feeds.signal_consumer import SignalConsumer
from sre_space.loop.watch import Watch
from sre_space.ports.probe import Health

POLICY = "policy-service"
WELL, DEAD = Health(True, True, "200", 0.0), Health(False, False, "no answer within 0.5 s", 0.5)
START = 1_700_000_000 * SECOND


@dataclass
class Interrupted(World):
    """Its first probes are sent right before the machine is suspended, and time out after it."""

    left: int = 3

    async def check(self, check: HealthCheck) -> Health:
        """Interrupt the first probes by a pause of 10 s and let them fail; answer the later ones as usual."""
        if not self.left:
            return await super().check(check)
        self.left -= 1
        self.suspend(10)
        return DEAD


def consumer(world: World) -> SignalConsumer:
    """Those of a world in memory, as Scout lives them."""
    watch = Watch(world.runners[Agent.SCOUT], Signals(), Records([]), 1.0, lambda _: None)
    clock = world.clocks[Agent.SCOUT]
    return SignalConsumer(world.scout, world, world.opener, watch, clock, listening(world), world.hold_feed)


async def test_probes_that_a_pause_interrupted_count_for_nothing() -> None:
    world = Interrupted()
    ours, health = consumer(world), world.board[POLICY]

    for _ in range(5):
        await ours._probe(POLICY, world.clock.now())

    assert (health.failures, health.probes, health.firing) == (0, 2, False)


def test_a_service_is_neither_well_nor_out_until_it_was_probed_anew() -> None:
    health = ServiceHealth(POLICY)
    for at in range(1, 9):
        health.update(WELL if at < 4 else DEAD, at)
    assert (health.firing, health.known) == (True, True)

    health.forget()

    assert (health.firing, health.known, health.evaluated, health.word) == (False, False, False, "unknown")
    for at in range(10, 10 + FAILURES_TO_FIRE):
        assert not health.firing
        health.update(DEAD, at)
    assert (health.firing, health.failing_since, health.evaluated) == (True, 10, True)


class Told:
    """A bus that counts."""

    def __init__(self) -> None:
        self.count = 0

    async def publish(self, topic: str, value: bytes, *, key: bytes = b"", headers: object = None) -> None:
        """One more."""
        self.count += 1

    async def close(self) -> None:
        """Nothing to release."""


async def tells(world: World) -> int:
    """How many sightings Scout tells in a moment."""
    told = Told()
    sightings = ReportPublisher(
        world.detectors, told, world.keys["scout"], REPOSITORY, world.clocks[Agent.SCOUT], world.reporter
    )

    async def stop(seconds: float) -> None:
        raise asyncio.CancelledError

    sightings.clock.sleep = stop  # type: ignore[method-assign]
    with contextlib.suppress(asyncio.CancelledError):
        await sightings.publish_forever(lambda: True)
    return told.count


async def test_no_sighting_tells_of_a_look_from_before_a_pause() -> None:
    world = World()

    counts = []
    for _ in range(4):
        await world.clock.sleep(0.25)
    counts.append(await tells(world))
    world.suspend(3)
    for _ in range(4):
        counts.append(await tells(world))
        await world.clock.sleep(0.25)
    assert counts == [1, 0, 0, 0, 1]


def test_telemetry_is_not_believed_until_some_is_newer_than_the_pause() -> None:
    world = World()
    detectors, memory = world.detectors, Resource(POLICY, "memory", 100.0)
    for number in range(5):
        detectors.take_level(memory, START + number * SECOND, 95.0)
    detectors.spans = Feed("otlp_spans", START + SECOND, START + SECOND)
    detectors.evaluate(START + SECOND)
    assert detectors.active_symptoms.seen == (f"saturation/{POLICY}", f"saturation/{POLICY}/memory")
    world.suspend(3)
    detectors.resume(world.clocks[Agent.SCOUT].pauses())
    now = world.clock.now()

    detectors.spans = Feed("otlp_spans", now, now - 3 * SECOND)
    detectors.evaluate(now)
    blind, seen = detectors.telemetry.blind, bool(detectors.active_symptoms.seen)

    detectors.spans = Feed("otlp_spans", now + SECOND, now + SECOND)
    detectors.evaluate(now + SECOND)
    assert (blind, seen, detectors.telemetry.blind) == (True, False, False)
    assert detectors.active_symptoms.seen == (f"saturation/{POLICY}", f"saturation/{POLICY}/memory")


def test_nobody_is_told_to_have_bought_nothing_because_the_purchases_were_not_read() -> None:
    cohorts = Cohorts()
    for number in range(50):
        cohorts.ask(f"{number}", START + number * SECOND // 10)

    cohorts.forget(START + 30 * SECOND)
    cohorts.ask("late", START + 29 * SECOND)
    cohorts.ask("new", START + 32 * SECOND)

    assert [(one.second - START // SECOND, one.asked) for one in cohorts.decided(START + 60 * SECOND)] == [(32, 1)]


@pytest.mark.parametrize(("gap_s", "fires"), [(1, True), (60, False)])
def test_a_level_on_both_sides_of_a_gap_has_not_lasted(gap_s: int, fires: bool) -> None:
    detector = Saturation(Resource(POLICY, "memory", 100.0))
    detector.update(START, 95.0)
    for number in range(3):
        detector.update(START + (gap_s + number) * SECOND, 95.0)

    assert detector.firing is fires


async def test_a_deployment_that_a_suspended_machine_interrupts_is_no_outage() -> None:
    world = World(deployer=False)
    ours = consumer(world)
    sha = pushed(world, POLICY, 6)
    ours.take_in(announcement(world, sha, POLICY))
    await ours.announcements.confirm()
    world.dead = {POLICY}
    await world.clock.sleep(0.25)
    world.suspend(120)
    keys = []
    for number in range(40):
        await world.clock.sleep(0.25)
        world.dead = {POLICY} if number < 20 else set()
        keys += [detection.key for detection in world.scout.detections()]
        if number == 20:
            ours.take_in(announcement(world, sha, POLICY, "done"))
            await ours.announcements.confirm()
    assert keys == []


async def test_what_was_done_is_no_longer_lengthened() -> None:
    world = World(deployer=False)
    ours = consumer(world)
    sha = pushed(world, POLICY, 6)
    for phase in ("started", "done"):
        ours.take_in(announcement(world, sha, POLICY, phase))
        await ours.announcements.confirm()
    world.suspend(120)
    world.dead = {POLICY}
    await world.clock.sleep(0.25)
    keys: list[str] = []
    while not keys and world.clock.now() < START + 122 * SECOND:
        await world.clock.sleep(0.25)
        keys += [detection.key for detection in world.scout.detections()]
    assert keys == [f"infrastructure/{POLICY}"]


def test_a_fault_that_was_not_seen_to_begin_may_have_begun_while_nobody_looked() -> None:
    unseen = Unseen()
    unseen.add(0, START)  # nobody knows
    unseen.add(START + 10 * SECOND, START + 20 * SECOND)
    unseen.add(START + 15 * SECOND, START + 40 * SECOND)
    unseen.add(START + 41 * SECOND, START + 42 * SECOND)

    assert [unseen.before(START + second * SECOND) for second in (5, 12, 41, 50)] == [
        0, START + 10 * SECOND, START + 10 * SECOND, 0,
    ]  # fmt: skip
    assert unseen.before(START + 43 * SECOND) == START + 41 * SECOND


def test_what_failed_while_scout_heard_nothing_is_of_the_incident_that_it_then_finds() -> None:
    world = World()
    budget = world.detectors.journeys["buy"].budget = Budget("buy", scale=1 / 60, least_bad=1)
    now, failed = START + 100 * SECOND, START + 50 * SECOND
    world.detectors.spans = Feed("otlp_spans", START + 40 * SECOND, START + 40 * SECOND)
    world.detectors.evaluate(now - SECOND)
    symptom = Symptom(SymptomKind.ERROR, POLICY, "it fails", 0.5, 0.01, now - 2 * SECOND)
    unseen = world.detectors.unseen(symptom)
    found = Detection(f"error/{POLICY}", (symptom,), {}, JourneyCount(0, 0, now, now), unseen=unseen)
    world.detectors.take_attempt(Attempt("1", "1", failed, False, "", "quote", 0, "buy"))
    assert budget.burning(failed)

    world.scout.opened(found)
    world.detectors.take_attempt(Attempt("2", "2", failed, False, "", "quote", 0, "buy"))

    assert unseen == found.begun == START + 40 * SECOND
    assert not budget.burning(now)
    world.detectors.open_incidents.refresh([], now)  # it may have been asked before
    assert world.detectors.inhibitions.excuse(now)
    world.detectors.open_incidents.refresh([], now)  # over
    assert world.detectors.inhibitions.excuse(failed)
    assert not world.detectors.inhibitions.excuse(START + 30 * SECOND)


async def test_visits_from_before_a_pause_prove_no_recovery() -> None:
    ill = [True]
    world = World(faults=[Fault(SymptomKind.ERROR, POLICY, lambda _: bool(ill))])
    world.diagnoses = lambda _: diagnosis(POLICY, CauseKind.ERROR)

    number = await world.report(SymptomKind.ERROR, POLICY)
    for _ in range(40):
        await world.turn(number, Agent.MEMORY, Agent.BRAIN, Agent.FIXER)
        if (case := await world.case(number)).fact_of(Step.ACT):
            break
    ill.clear()
    for _ in range(60):
        await world.clock.sleep(0.25)
    world.suspend(60)
    proved = []
    for _ in range(60):
        await world.clock.sleep(0.25)
        proved.append(world.scout.verdict(case) is not None)

    assert not any(proved[:29])
    assert proved[-1]
