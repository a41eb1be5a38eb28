"""Stories of holds on virtual time: what waits, what goes on, who is called, and what comes of it at the end."""

from dataclasses import replace

import pytest
from support.holding import REASON, hold, release
from support.seen_world import LEARNT_S, SeenWorld, Sick
from support.world import SECOND, World

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.reports import DetectorReports
from sre_space.analysis.detection.inhibition import Inhibition, Source
from sre_space.codec.footer import prose_of
from sre_space.domain.detectors import DetectorState
from sre_space.domain.facts import Action, ActionResult, Agent, Outcome, Step, Verification
from sre_space.domain.holds import ALL, blamable
from sre_space.domain.labels import HOLD
from sre_space.domain.pauses import ClockPair, Pauses
from sre_space.domain.space_config import Maintenance
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.windows import WeeklyWindow
from sre_space.feeds.hold_feed import HoldFeed
from sre_space.loop.stalls import Stalls


async def quiet(world: World, seconds: float) -> None:
    """Let time pass in which Scout opens nothing."""
    for _ in range(int(seconds)):
        await world.clock.sleep(1.0)
        assert await world.look() == 0


async def texts(world: World, number: int) -> list[str]:
    """Return what people read of the comments."""
    return [prose_of(comment.body) for comment in await world.forge.comments(number)]


@pytest.mark.parametrize("service", ["policy-service", ALL])
async def test_a_fault_that_outlives_its_hold_opens_at_the_end_with_its_true_beginning_and_is_repaired(
    service: str,
) -> None:
    world = World()
    await hold(world, service, 600)
    await quiet(world, 60)
    world.dead = {"policy-service"}
    died = world.clock.now()
    await quiet(world, 535)
    assert (world.notes, world.restarts) == ([], [])

    number = await world.detect()
    case = await world.play(number)

    first = case.detection.symptoms[0]
    assert (first.key, 0 <= first.since - died <= SECOND) == ("infrastructure/policy-service", True)
    assert case.opened - died >= 535 * SECOND
    assert (case.is_open, case.recovered) == (False, True)
    assert [name for name, _ in world.restarts] == ["policy-service"]


async def test_a_fault_that_ends_within_the_hold_opens_nothing() -> None:
    world = World(counts=True)
    await hold(world, "policy-service", 300)
    await quiet(world, 30)
    world.dead = {"policy-service"}
    await quiet(world, 200)
    world.dead = set()

    await quiet(world, 400)

    assert len(await world.forge.issues()) == 1
    assert world.notes == []


async def test_a_fault_that_ends_a_moment_before_the_hold_opens_nothing_though_its_alarm_is_damped() -> None:
    world = World()
    await hold(world, "policy-service", 100)
    begun = world.clock.now()
    world.dead = {"policy-service"}
    await quiet(world, 97)
    world.dead = set()

    while world.clock.now() - begun < 130 * SECOND:
        await world.clock.sleep(0.25)
        assert await world.look() == 0


async def test_another_service_is_healed_while_one_is_held() -> None:
    world = World()
    await hold(world, "policy-service", 600)
    world.dead = {"user-service"}

    case = await world.play(await world.detect())

    assert case.recovered
    assert [name for name, _ in world.restarts] == ["user-service"]


async def test_a_hold_stops_fixer_before_its_act_and_lets_it_go_on_after_the_release() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    placed = await hold(world, "policy-service", 3600)

    held = await world.play(number, 130)

    assert held.last.step is Step.DECIDE
    assert (world.restarts, world.notes) == ([], [])
    (note,) = [text for text in await texts(world, number) if "waits" in text]
    assert note.startswith("**Fixer** waits with the step `act`: policy-service: held until ")
    assert f"by operator (issue {placed}): `{REASON}`" in note

    await release(world, placed)
    case = await world.play(number)

    assert case.recovered
    assert [name for name, _ in world.restarts] == ["policy-service"]
    assert [trial.action.result for trial in case.trials][-1] is ActionResult.DONE


async def test_a_hold_keeps_brain_from_deciding_and_nobody_is_called_for_the_overdue_step() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await hold(world, ALL, 600)
    stalls = [Stalls(agent, world.pager()) for agent in Agent]
    for _ in range(300):
        await world.turn(number)
        await world.clock.sleep(1.0)
        await look(world, number, stalls)
    held = await world.case(number)

    assert held.last.step is Step.RECALL
    assert world.notes == []
    assert sum("**Brain** waits with the step `decide`" in text for text in await texts(world, number)) == 1


async def test_a_brain_that_was_started_anew_does_not_repeat_that_it_waits() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await hold(world, ALL, 600)
    for _ in range(3):
        world.runners[Agent.BRAIN] = world.runner(Agent.BRAIN)
        await world.turn(number, Agent.BRAIN)

    assert sum("waits with the step" in text for text in await texts(world, number)) == 1


async def look(world: World, number: int, stalls: list[Stalls]) -> None:
    """Let each agent look for overdue steps, as its watch does after each poll."""
    case = await world.case(number)
    for stall in stalls:
        held = await world.runners[stall.agent].hold_gate.held([case])
        stall.overdue_steps([case], world.clocks[stall.agent].pauses(), {}, held)


async def test_the_deadline_of_a_step_begins_at_the_end_of_the_hold() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await hold(world, ALL, 100)
    stalls = [Stalls(agent, world.pager()) for agent in Agent]
    called_at: list[int] = []
    begun = world.clock.now()
    for second in range(140):
        await world.clock.sleep(1.0)
        await look(world, number, stalls)
        called_at += [second] if world.notes and not called_at else []

    assert 118 <= called_at[0] <= 122, "ten seconds for the step, and ten of patience"
    assert world.clock.now() > begun


async def test_a_hold_on_everything_is_about_the_application_and_not_about_the_agents_themselves() -> None:
    world = World()
    number = await world.tampered()
    await hold(world, ALL, 3600)
    world.notes.clear()
    await world.play(number, 20)
    assert [note.title for note in world.notes] == [f"Incident {number}: frozen: Infrastructure on policy-service"]

    world.notes.clear()
    brain = world.runners[Agent.BRAIN]
    world.clocks[Agent.BRAIN].ahead = 3600 * SECOND
    for _ in range(3):
        await brain.clock_check.compare()
        await world.clock.sleep(5.0)
    assert [note.title.partition(":")[0] for note in world.notes] == ["A wrong clock"]


async def test_a_hold_that_cannot_be_read_lets_nobody_act() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    case = await world.case(number)
    world.forge.down = True

    with pytest.raises(Exception, match="the forge is away"):
        await world.runners[Agent.BRAIN].hold_gate.stops(case, Step.DECIDE)


async def test_the_label_on_an_incident_holds_its_services_until_a_person_removes_it() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    case = await world.case(number)
    await world.forge.set_labels(number, (*case.labels, HOLD))

    held = await world.play(number, 200)
    assert (held.latest(Action), world.notes) == (None, [])
    assert HOLD in held.labels

    await world.forge.set_labels(number, [label for label in held.labels if label != HOLD])
    case = await world.play(number)
    assert case.recovered


async def test_the_label_on_an_incident_is_forgotten_after_a_day() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await world.forge.set_labels(number, (*(await world.case(number)).labels, HOLD))

    assert await world.holds(Agent.FIXER).current()
    world.clock.time += 24 * 3600 * SECOND

    assert not await world.holds(Agent.FIXER).current()


async def test_in_a_maintenance_window_of_the_configuration_the_agents_wait() -> None:
    world = World()
    day, rest = divmod(world.clock.now() // SECOND, 86_400)
    window = WeeklyWindow(((day + 3) % 7,), rest, rest + 120)
    planned = Maintenance(("policy-service",), window, "vacuum")
    world = World(configured=replace(world.config, maintenance=(planned,)))
    world.dead = {"policy-service"}
    died = world.clock.now()
    await quiet(world, 115)

    number = await world.detect()
    case = await world.play(number)

    assert case.detection.symptoms[0].since - died <= SECOND
    assert case.recovered


async def test_what_was_done_before_the_hold_is_verified_and_concluded_in_it() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number)
    await hold(world, ALL, 3600)

    case = await world.play(number)

    assert (case.is_open, case.recovered) == (False, True)


async def test_a_scout_that_was_started_in_the_hold_says_from_when_on_the_fault_may_have_existed() -> None:
    world = World()
    placed = await hold(world, "policy-service", 600)
    begun = world.clock.now()
    world.dead = {"policy-service"}
    await quiet(world, 60)
    board = {name: ServiceHealth(name, seen_healthy=True) for name in world.board}
    world.detectors = world.scout.detectors = Detectors(world.config, board, world.book)
    world.board = board
    started = world.clock.now()
    world.clocks[Agent.SCOUT].own = Pauses.of_start(ClockPair(started, started))
    world.hold_feed = HoldFeed(world.holds(Agent.SCOUT), world.detectors, world.clocks[Agent.SCOUT])
    await quiet(world, 60)

    await release(world, placed)
    case = await world.case(await world.detect())

    assert 0 <= case.detection.symptoms[0].since - started <= SECOND
    assert case.detection.begun == begun


async def test_what_people_break_in_a_hold_is_not_held_against_the_remedy_before_it() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number)
    await hold(world, "policy-service", 600)
    world.dead = {"policy-service"}

    held = await world.play(number, 130)
    assert held.last.step is Step.ACT
    stalls = [Stalls(agent, world.pager()) for agent in Agent]
    for _ in range(40):
        await world.clock.sleep(1.0)
        await look(world, number, stalls)
    assert world.notes == []

    world.dead = set()
    case = await world.play(number)
    assert [one.outcome for one in case.payloads if isinstance(one, Verification)] == [Outcome.RECOVERED]
    assert len(world.restarts) == 1


async def test_after_the_hold_a_remedy_has_its_whole_time() -> None:
    world = World()
    world.dead = world.stubborn = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number)
    placed = await hold(world, "policy-service", 600)
    await world.play(number, 130)
    await release(world, placed)
    await world.hold_feed.read(fresh=True)
    released = world.clock.now()

    while (await world.case(number)).last.step is Step.ACT:
        await world.turn(number, Agent.SCOUT)
        await world.clock.sleep(0.25)

    verdict = (await world.case(number)).last
    assert isinstance(verdict.payload, Verification)
    assert verdict.payload.outcome in (Outcome.NOT_RECOVERED, Outcome.WORSE)
    assert 20 <= (verdict.at - released) / SECOND <= 25


async def test_a_slow_way_in_a_hold_is_measured_reported_and_repaired_after_it() -> None:
    world = SeenWorld()
    await world.go(LEARNT_S)
    placed = await hold(world, "policy-service", 3600)
    await world.go(20)
    await world.look()
    world.sick = Sick(way_ms=300)
    fell_ill = world.clock.now()
    for _ in range(120):
        await world.go(1)
        assert await world.look() == 0
    rows = DetectorReports(world.detectors).at(world.clock.now())
    latency = [row for row in rows.detectors if row.kind is SymptomKind.LATENCY and "it is FIRING" in row.why]
    assert latency
    assert all(row.state is DetectorState.INHIBITED and f"issue {placed}" in row.why for row in latency)
    assert [inhibition.source for inhibition in rows.inhibitions] == [f"a hold, issue {placed}"]

    await release(world, placed)
    number = await world.found()
    case = await world.case_of(number)

    assert case.detection.symptoms[0].kind is SymptomKind.LATENCY
    assert abs(case.detection.symptoms[0].since - fell_ill) <= 5 * SECOND
    assert case.recovered


@pytest.mark.parametrize("kind", SymptomKind)
def test_scout_puts_off_by_the_same_holds_by_which_the_others_wait(kind: SymptomKind) -> None:
    world = World()
    journey = world.config.journeys[0].name
    for subject in [journey] if kind in (SymptomKind.CONVERSION, SymptomKind.SLO) else world.config.services:
        for name in world.config.services:
            now = world.clock.now()
            inhibition = Inhibition(now, now + SECOND, frozenset({name}), Source.PERSON)
            put_off = inhibition.applies_to(world.detectors.kinds[kind].scope(subject))
            assert put_off == (name in blamable(kind, subject, world.config.calls))
