"""Whole stories of the four agents on virtual time: what happens when things go right, wrong, or half."""

from dataclasses import replace

import pytest
from support.world import SECOND, World

from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Action, ActionResult, Agent, Decision, Outcome, Recall, Step, Verification
from sre_space.domain.labels import FIXED, INCIDENT, NEEDS_HUMAN
from sre_space.domain.remedies import RemedyKind
from sre_space.domain.space_config import Autonomy


async def test_a_dead_service_is_found_restarted_verified_and_remembered() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()

    case = await world.play(number)

    assert [entry.fact.step for entry in case.chain] == [
        Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER,
    ]  # fmt: skip
    assert world.starts == {"quote-service": 1, "policy-service": 2, "user-service": 1}
    assert set(case.labels) == {INCIDENT, FIXED}
    assert not case.is_open
    assert len(world.lessons) == 1
    assert [step for step, _ in world.reporter.told] == [entry.fact.step for entry in case.chain]
    assert {parent for _, parent in world.reporter.told} == {"", case.chain[0].digest}


async def test_the_callers_of_a_dead_service_are_not_blamed() -> None:
    world = World()
    world.dead = {"policy-service"}
    decision = (await world.play(await world.detect())).latest(Decision)

    assert decision is not None
    (cause,) = decision.diagnosis.causes
    assert (cause.service, cause.kind, cause.score) == ("policy-service", CauseKind.CRASH, 1.0)
    assert decision.diagnosis.verdict is Confidence.CONFIRMED


@pytest.mark.parametrize("agent", list(Agent))
@pytest.mark.parametrize("after", [Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM])
async def test_an_agent_that_forgets_everything_after_any_step_loses_nothing(agent: Agent, after: Step) -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not after:
        await world.turn(number)
        await world.clock.sleep(0.25)
        if (await world.case(number)).fact_of(after):
            break
    world.runners[agent] = world.runner(agent)

    case = await world.play(number)

    assert not case.is_open
    assert world.starts["policy-service"] == 2


async def test_a_fixer_that_dies_between_the_restart_and_its_record_does_not_restart_again() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    acted = await world.duties[Agent.FIXER].perform(await world.case(number), Step.ACT)
    assert isinstance(acted, Action)
    world.dead = set()

    case = await world.play(number)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.ALREADY_CHANGED
    assert world.starts["policy-service"] == 2
    assert case.recovered


async def test_with_the_forge_down_after_the_action_the_record_waits_and_nothing_is_done_twice() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    case = await world.case(number)
    fixer = world.runners[Agent.FIXER]
    pending = await fixer._perform(case, Step.ACT)
    assert pending is not None
    world.forge.down = True
    with pytest.raises(Unavailable):
        await fixer._post(case, pending)
    world.forge.down = False
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)

    case = await world.play(number)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.DONE
    assert world.starts["policy-service"] == 2
    assert not world.pending


async def test_with_the_forge_down_one_detection_waits_and_is_opened_once() -> None:
    world = World()
    world.dead, world.forge.down = {"policy-service"}, True
    for _ in range(8):
        await world.clock.sleep(0.25)
        assert await world.opener.open_missing(world.scout.detections()) == {}
    world.forge.down = False
    number = await world.detect()
    for _ in range(8):
        assert await world.opener.open_missing(world.scout.detections()) == {}

    assert number == 1
    assert len(world.forge.found) == 1


async def test_an_incident_that_a_person_closed_is_not_opened_again_before_the_next_outage() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    await world.forge.close_issue(number)
    for _ in range(8):
        await world.clock.sleep(0.25)
        assert await world.opener.open_missing(world.scout.detections()) == {}
    assert (await world.play(number, 5)).last.step is Step.DETECT
    await world.turn(number)  # the poll before may have been asked before it was opened

    world.dead = set()
    await world.clock.sleep(0.25)
    await world.clock.sleep(0.25)
    world.dead = {"policy-service"}
    assert await world.detect() == number + 1


async def test_a_service_killed_again_right_after_its_recovery_is_a_new_incident() -> None:
    world = World()
    world.dead = {"policy-service"}
    first = await world.detect()
    while not (await world.case(first)).recovered:
        await world.turn(first)
        await world.clock.sleep(0.25)
    world.dead = {"policy-service"}
    await world.clock.sleep(0.25)
    await world.play(first)

    assert await world.detect() == first + 1


async def test_a_restart_that_does_not_help_is_not_tried_again_and_a_person_is_asked() -> None:
    world = World()
    world.dead, world.stubborn = {"policy-service"}, {"policy-service"}
    world.hanging = {"policy-service"}
    number = await world.detect()

    case = await world.play(number, 200)

    results = [entry.fact.payload.result for entry in case.chain if isinstance(entry.fact.payload, Action)]
    verdict = case.latest(Verification)
    assert results == [ActionResult.DONE, ActionResult.ESCALATED]
    assert verdict is not None
    assert verdict.outcome is Outcome.NOT_RECOVERED
    assert NEEDS_HUMAN in case.labels
    assert world.starts["policy-service"] == 2
    assert case.is_open

    world.dead = set()  # a person mends it
    case = await world.play(number)
    assert not case.is_open
    assert NEEDS_HUMAN not in case.labels


async def test_while_halted_nothing_is_done_and_after_it_the_case_goes_on() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    case = await world.play(number, 30)
    assert case.last.step is Step.DECIDE
    assert world.starts["policy-service"] == 1

    world.halted_now = False
    assert not (await world.play(number)).is_open


async def test_a_decision_that_waited_too_long_is_not_acted_on_but_decided_again() -> None:
    world = World()
    world.dead, world.halted_now = {"policy-service"}, True
    number = await world.detect()
    await world.play(number, 300)
    world.halted_now = False

    case = await world.play(number)

    results = [entry.fact.payload.result for entry in case.chain if isinstance(entry.fact.payload, Action)]
    assert results == [ActionResult.REFUSED, ActionResult.DONE]
    assert [e.fact.attempt for e in case.chain if e.fact.step is Step.DECIDE] == [1, 2]
    assert case.recovered


async def test_a_service_that_came_back_by_itself_is_not_restarted() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    world.dead = set()
    world.starts["policy-service"] = 2

    case = await world.play(number)

    assert world.starts["policy-service"] == 2
    assert case.recovered
    assert not case.is_open


async def test_a_service_that_is_only_observed_is_left_to_a_person() -> None:
    world = World(autonomy=Autonomy.OBSERVE)
    world.dead = {"policy-service"}
    case = await world.play(await world.detect(), 20)

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.remedy.kind is RemedyKind.ESCALATE
    assert "autonomy" in decision.remedy.reason
    assert world.starts["policy-service"] == 1
    assert NEEDS_HUMAN in case.labels


async def test_a_service_that_is_just_starting_does_not_hide_the_crash_of_another() -> None:
    world = World()
    world.dead = {"policy-service", "user-service"}
    world.restarted_at["user-service"] = world.clock.now() + SECOND
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await world.turn(number, Agent.BRAIN)

    decision = (await world.case(number)).latest(Decision)
    assert decision is not None
    assert decision.diagnosis.causes[0].service == "policy-service"
    assert decision.remedy.service == "policy-service"


async def test_brain_decides_alone_when_memory_is_dead() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    for _ in range(60):
        await world.turn(number, Agent.SCOUT, Agent.BRAIN, Agent.FIXER)
        await world.clock.sleep(0.25)
    case = await world.case(number)
    assert case.latest(Recall) is None
    assert case.last.step is Step.CONCLUDE

    assert not (await world.play(number)).is_open


async def test_a_lesson_whose_issue_does_not_verify_is_not_recalled() -> None:
    world = World()
    world.dead = {"policy-service"}
    first = await world.play(await world.detect())
    (lesson,) = world.lessons.values()
    world.lessons["01FORGED"] = replace(lesson, id="01FORGED", facts={"issue": 99})
    world.lessons["01COPIED"] = replace(lesson, id="01COPIED")
    await world.clock.sleep(31 * 60)
    world.dead = {"policy-service"}

    second = await world.play(await world.detect())

    recall = second.latest(Recall)
    assert recall is not None
    assert [past.incident for past in recall.cases] == [first.incident]
    assert recall.cases[0].worked


async def test_an_accepted_fact_that_is_altered_freezes_the_case_and_asks_a_person() -> None:
    world = World()
    number = await world.tampered()
    world.halted_now = False

    case = await world.play(number, 20)

    assert world.starts["policy-service"] == 1
    assert case.frozen_reason
    assert case.is_open


async def test_scout_does_not_declare_recovery_while_it_is_blind() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN, Agent.FIXER)
    case = await world.case(number)
    world.clock.time += 10 * SECOND  # no customer was heard of meanwhile

    assert world.scout.verdict(case) is None


async def test_one_bad_visit_starts_the_count_of_good_ones_anew() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN, Agent.FIXER)
    case = await world.case(number)
    for _ in range(29):
        await world.clock.sleep(0.25)
    assert world.scout.verdict(case) is None
    world.dead = {"user-service"}
    await world.clock.sleep(0.25)
    world.dead = set()
    for _ in range(29):
        await world.clock.sleep(0.25)
        assert world.scout.verdict(case) is None
    await world.clock.sleep(0.5)

    verdict = world.scout.verdict(case)
    assert verdict is not None
    assert verdict.outcome is Outcome.RECOVERED


@pytest.mark.parametrize("wanted", [4, 30])
async def test_the_chart_says_how_many_good_visits_a_recovery_takes(wanted: int) -> None:
    world = World()
    journeys = (replace(world.config.journeys[0], good_visits=wanted),)
    world.detectors.config, world.book.journeys = replace(world.config, journeys=journeys), journeys
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.ACT:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN, Agent.FIXER)
    case = await world.case(number)
    while (verdict := world.scout.verdict(case)) is None:
        await world.clock.sleep(0.25)

    assert verdict.outcome is Outcome.RECOVERED
    assert wanted <= int(verdict.detail.split()[0]) <= wanted + 2
