"""LIKELY waits for a person, and what a restart rests on is asked anew right before it: stories on virtual time."""

from dataclasses import replace

import pytest
from support.world import SECOND, Fault, World, diagnosis

from sre_space.codec.footer import prose_of, render, sign
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Confidence, Diagnosis
from sre_space.domain.facts import Action, ActionResult, Agent, Decision, Fact, Step
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.remedies import Restart
from sre_space.domain.space_config import Guardrails
from sre_space.domain.symptoms import SymptomKind

BECAUSE = "waits for a person because the verdict is LIKELY"
BRAVE = Guardrails(("restart",), 6, 5.0, 2, 3, act_on={"restart": Confidence.LIKELY})


UNSURE = replace(diagnosis("policy-service", CauseKind.CRASH), verdict=Confidence.LIKELY)


def likely(_: Case) -> Diagnosis:
    """policy-service has crashed, probably."""
    return UNSURE


def results(case: Case) -> list[ActionResult]:
    """Return the results of the actions, in order."""
    return [trial.action.result for trial in case.trials]


async def out(world: World, rounds: int = 30) -> Case:
    """Stop policy-service, let the agents work for at most so many rounds, and return the case."""
    world.dead = {"policy-service"}
    world.diagnoses = likely
    return await world.play(await world.detect(), rounds)


async def test_a_remedy_on_likely_waits_for_a_person_who_is_told_why_and_is_done_once_approved() -> None:
    world = World()
    case = await out(world)
    decision = case.latest(Decision)

    assert decision is not None
    assert decision.plan
    assert world.restarts == []
    assert NEEDS_HUMAN in case.labels
    assert BECAUSE in prose_of(world.forge.written[case.issue][-1].body)
    assert BECAUSE in world.notes[-1].text

    world.says(case.issue, f"/sre approve {case.plan}")
    case = await world.play(case.issue)

    assert results(case) == [ActionResult.DONE]
    assert case.recovered
    assert all(answer.allowed for answer in case.trials[0].action.guardrails)


async def test_a_plan_that_nobody_approved_ends_when_the_symptom_is_over_and_the_incident_with_it() -> None:
    world = World(hanging={"policy-service"}, dead={"policy-service"})
    world.diagnoses = lambda _: replace(diagnosis("policy-service", CauseKind.HANG), verdict=Confidence.LIKELY)
    case = await world.play(await world.detect(), 30)
    assert case.latest(Decision).plan  # type: ignore[union-attr]
    assert not results(case)

    world.dead.clear()  # it answers again by itself
    case = await world.play(case.issue, 100)

    assert results(case) == [ActionResult.CLEARED]
    assert case.recovered
    assert not case.is_open
    assert world.restarts == []


async def test_a_planned_change_that_nobody_approved_ends_when_the_symptom_is_over() -> None:
    world = World(faults=[Fault(SymptomKind.ERROR, "quote-service", lambda _: True)])
    world.diagnoses = lambda _: replace(diagnosis("policy-service", CauseKind.ERROR), verdict=Confidence.LIKELY)
    for _ in range(40):
        await world.clock.sleep(0.25)
    case = await world.play(await world.report(SymptomKind.ERROR, "quote-service"), 30)
    assert case.latest(Decision).plan  # type: ignore[union-attr]
    assert not results(case)

    world.faults.clear()
    case = await world.play(case.issue, 100)

    assert results(case) == [ActionResult.CLEARED]
    assert not case.is_open
    assert not await world.git.pulls("all")


async def test_the_configuration_may_let_a_restart_act_on_likely() -> None:
    world = World(guardrails=BRAVE)
    case = await out(world, 100)

    assert results(case) == [ActionResult.DONE]
    assert case.recovered


async def test_likely_is_asked_again_before_it_becomes_a_plan_and_more_evidence_may_confirm_it() -> None:
    world, asked = World(), []

    def surer(case: Case) -> Diagnosis:
        asked.append(world.clock.now())
        return likely(case) if len(asked) < 3 else diagnosis("policy-service", CauseKind.CRASH)

    world.dead = {"policy-service"}
    world.diagnoses = surer
    case = await world.play(await world.detect())

    assert results(case) == [ActionResult.DONE]
    assert not case.latest(Decision).plan  # type: ignore[union-attr]
    assert len(asked) == 3
    assert asked[-1] - asked[0] < 10 * SECOND


async def decided(world: World, told: Diagnosis, number: int = 0) -> Case:
    """Append a restart decision signed by Brain, as releases before these rules made it, and return the case."""
    if not number:
        world.dead = {"policy-service"}
        number = await world.detect()
    life = (await world.unit("policy-service")).incarnation
    case = await world.case(number)
    remedy = Restart("policy-service", life, "it is down")
    decision = Decision(told, remedy, (), world.clock.now() + 60 * SECOND)
    last = case.last
    fact = Fact(
        case.incident, last.repository, number, last.seq + 1, case.chain[-1].digest, Step.DECIDE, 1,
        world.clock.now(), decision,
    )  # fmt: skip
    world.says(number, render(sign(fact, world.keys["brain"]), "Brain decides."), "sre")
    return await world.case(number)


async def test_an_undone_decision_on_likely_of_before_the_rule_is_refused_and_a_new_one_is_taken() -> None:
    world = World()
    case = await decided(world, UNSURE)
    assert case.last.step is Step.DECIDE

    await world.turn(case.issue, Agent.FIXER)
    refused = (await world.case(case.issue)).latest(Action)
    assert refused is not None
    assert refused.result is ActionResult.REFUSED
    assert "only CONFIRMED allows an automatic action" in refused.detail
    assert world.restarts == []

    case = await world.play(case.issue)  # by what runtime and probe say, Brain is sure

    assert results(case) == [ActionResult.REFUSED, ActionResult.DONE]
    assert case.recovered
    assert not case.is_open


async def test_where_brain_stays_unsure_it_ends_with_a_plan_and_then_with_a_person() -> None:
    world = World()
    case = await decided(world, UNSURE)
    world.diagnoses = likely
    case = await world.play(case.issue, 40)

    assert results(case) == [ActionResult.REFUSED]
    assert case.latest(Decision).plan  # type: ignore[union-attr]

    world.says(case.issue, f"/sre reject {case.plan}")
    case = await world.play(case.issue, 40)
    assert results(case)[-1] is ActionResult.ESCALATED
    assert world.restarts == []


async def test_evidence_of_before_is_stale_when_the_unit_shows_nothing_any_more() -> None:
    world = World(hanging={"policy-service"})
    case = await decided(world, diagnosis("policy-service", CauseKind.HANG))
    world.dead = world.hanging = set()

    await world.turn(case.issue, Agent.FIXER)

    (trial,) = (await world.case(case.issue)).trials
    assert trial.action.result is ActionResult.CLEARED
    assert world.restarts == []


@pytest.mark.parametrize("kind", [CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION])
async def test_a_decision_that_tells_of_evidence_which_is_not_there_restarts_nothing(kind: CauseKind) -> None:
    world = World()
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True)]
    for _ in range(8):
        await world.clock.sleep(0.25)
    number = await world.report(SymptomKind.ERROR, "policy-service")
    await decided(world, diagnosis("policy-service", kind), number)

    await world.turn(number, Agent.FIXER)

    action = (await world.case(number)).latest(Action)
    assert action is not None
    assert action.result is ActionResult.REFUSED
    assert "errors that its callers report are not enough" in action.detail
    assert world.restarts == []


async def test_a_resource_at_its_limit_is_the_units_own_evidence_only_while_scout_sees_it() -> None:
    world = World()
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SATURATION)
    number = await world.report(SymptomKind.SATURATION, "policy-service", 0.95)
    await world.turn(number, Agent.MEMORY)
    await world.turn(number, Agent.BRAIN)
    assert isinstance((await world.case(number)).latest(Decision).remedy, Restart)  # type: ignore[union-attr]

    world.scout_tells = False
    await world.clock.sleep(6.0)
    assert not await world.turn(number, Agent.FIXER)  # nobody says what the memory is like now
    assert world.restarts == []

    world.scout_tells = True
    world.detectors.active_symptoms.present[SymptomKind.SATURATION.of("policy-service")] = 2**62
    await world.clock.sleep(1.0)
    await world.turn(number, Agent.FIXER)
    assert [name for name, _ in world.restarts] == ["policy-service"]
