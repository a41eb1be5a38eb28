"""A unit that has crashed has crashed, also where the runtime has started it again before anybody looked."""

from dataclasses import replace

from support.world import SECOND, World

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Agent, Decision, Outcome, Verification
from sre_space.domain.remedies import Restart
from sre_space.ports.runtime import Died, Started, by_name

POLICY = "policy-service"


async def crashed(world: World) -> tuple[Case, Died]:
    """Kill it; Brain hears of it, and Scout opens the incident."""
    ended = Died(POLICY, f"{world.starts[POLICY]}:running", world.clock.now(), -9, planned=False)
    world.ended_units.take(ended)
    world.dead.add(POLICY)
    return await world.case(await world.detect()), ended


def start_again(world: World) -> None:
    """Start it, as the runtime does by itself."""
    world.starts[POLICY] += 1
    world.dead.discard(POLICY)
    world.ended_units.take(Started(POLICY, f"{world.starts[POLICY]}:running", world.clock.now()))


async def test_what_the_runtime_has_started_again_is_judged_as_it_ended() -> None:
    world = World()
    case, ended = await crashed(world)
    start_again(world)

    seen = world.ended_units.seen_in(case, by_name(await world.units()))
    unit = seen[POLICY]
    assert (unit.state, unit.incarnation, unit.since, unit.exit_code) == ("exited", "1:running", ended.time, -9)
    assert unit.detail == "the runtime has started it again"
    assert {name: one.state for name, one in seen.items() if name != POLICY} == {
        "quote-service": "running",
        "user-service": "running",
    }


async def test_it_is_recorded_as_already_changed_and_nothing_is_restarted() -> None:
    world = World()
    case, _ = await crashed(world)
    start_again(world)
    closed = await world.play(case.issue)

    decision, action = closed.latest(Decision), closed.latest(Action)
    assert decision is not None
    assert action is not None
    assert decision.diagnosis.causes[0].kind is CauseKind.CRASH
    assert isinstance(decision.remedy, Restart)
    assert (decision.remedy.service, decision.remedy.incarnation) == (POLICY, "1:running")
    assert action.result is ActionResult.ALREADY_CHANGED
    assert world.restarts == []
    verdict = closed.latest(Verification)
    assert verdict is not None
    assert verdict.outcome is Outcome.RECOVERED


async def test_a_planned_stop_is_no_evidence_nor_is_a_unit_that_has_not_been_started_again() -> None:
    world = World()
    case, ended = await crashed(world)
    now = by_name(await world.units())
    assert world.ended_units.seen_in(case, now) == now  # the runtime itself says that it has ended

    start_again(world)
    world.ended_units.ends.clear()
    world.ended_units.take(replace(ended, planned=True))
    now = by_name(await world.units())
    assert world.ended_units.seen_in(case, now) == now


async def test_an_end_before_the_symptom_or_of_another_service_is_none_of_this_incident() -> None:
    world = World()
    case, ended = await crashed(world)
    start_again(world)
    now = by_name(await world.units())

    world.ended_units.take(replace(ended, time=case.detection.symptoms[0].since - 2 * SECOND))
    assert world.ended_units.seen_in(case, now) == now
    world.ended_units.ends.clear()
    world.ended_units.take(replace(ended, unit="user-service"))
    world.ended_units.take(replace(ended, unit="stranger"))
    assert world.ended_units.seen_in(case, now) == now
    assert set(world.ended_units.ends) == {"user-service"}


async def test_what_ended_before_the_newest_action_is_no_evidence_any_more() -> None:
    world = World()
    case, ended = await crashed(world)
    for _ in range(20):
        if case.latest(Action):
            break
        await world.turn(case.issue, Agent.MEMORY, Agent.BRAIN, Agent.FIXER)
        await world.clock.sleep(0.25)
        case = await world.case(case.issue)

    assert case.latest(Action) is not None
    now = by_name(await world.units())
    assert (now[POLICY].state, world.ended_units.ends[POLICY]) == ("running", ended)
    assert world.ended_units.seen_in(case, now) == now


def test_a_new_subscription_forgets_no_end() -> None:
    world = World()
    world.ended_units.take(Died(POLICY, "1:1", 7, -9, planned=False))
    world.ended_units.subscribed()

    assert set(world.ended_units.ends) == {POLICY}
