"""A cause that was not found is told, remembered and recalled as not found."""

from dataclasses import replace

import pytest
from support.world import World, diagnosis

from sre_space.agents.memory.lessons import lesson_of
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.facts import UNKNOWN_CAUSE, Conclusion, Decision, Recall
from sre_space.domain.lessons import past_cases
from sre_space.text.postmortem import conclude
from sre_space.text.prose import prose

SUSPECTED = replace(diagnosis("user-service", CauseKind.SLOW_CODE), verdict=Confidence.INCONCLUSIVE)


async def healed_by_a_person(world: World) -> Case:
    """Play an incident that the agents leave to a person, who ends it, and return the case."""
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.play(number, 20)
    world.dead = set()
    return await world.play(number, 300)


async def test_a_suspicion_is_not_remembered_as_the_cause() -> None:
    world = World()
    world.diagnoses = lambda _: SUSPECTED
    case = await healed_by_a_person(world)
    assert not case.is_open

    (lesson,) = world.lessons.values()
    assert "Cause not found." in lesson.text
    assert "user-service slow-code" not in lesson.text
    written = case.latest(Conclusion)
    assert written is not None
    assert "The cause was not found. Suspected, but not proven: **user-service**, slow-code." in written.postmortem
    decision = case.latest(Decision)
    assert decision is not None
    assert "The cause was not found. Suspected:" in prose(decision)

    await world.clock.sleep(30)
    world.dead = {"policy-service"}
    recall = (await world.play(await world.detect(), 4)).latest(Recall)
    assert recall is not None
    assert recall.cases[0].cause == UNKNOWN_CAUSE
    assert "cause not found; no action did not help" in prose(recall)


@pytest.mark.parametrize("verdict", [Confidence.CONFIRMED, Confidence.LIKELY])
async def test_what_was_found_is_remembered_by_its_name(verdict: Confidence) -> None:
    world = World()
    world.diagnoses = lambda _: replace(diagnosis("policy-service", CauseKind.CRASH), verdict=verdict)
    case = await healed_by_a_person(world)

    assert "Cause: policy-service crash." in lesson_of(case, past_cases(case, 0)).text
    assert f"{verdict}: **policy-service**, crash." in conclude(case, 0).postmortem


async def test_an_incident_without_any_suspicion_has_no_cause_either() -> None:
    world = World()
    world.diagnoses = lambda _: replace(SUSPECTED, causes=())
    case = await healed_by_a_person(world)
    assert "Cause not found." in lesson_of(case, past_cases(case, 0)).text
