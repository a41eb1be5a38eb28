"""Memory hands on what came of a remedy as the issues show it today, whatever the lesson said when it was learnt."""

from dataclasses import replace

import pytest
from support.world import World, diagnosis

from sre_space.agents.brain.candidate_remedies import Situation, candidate_remedies
from sre_space.agents.memory.lessons import lesson_of
from sre_space.agents.memory.memory import PROVISIONAL_NS, Memory
from sre_space.cli.audit import document
from sre_space.domain.case import Case
from sre_space.domain.configuration import Edit
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Agent, Learnt, PastCase, Recall, Step
from sre_space.domain.lessons import past_cases
from sre_space.domain.remedies import name_in
from sre_space.domain.space_config import Autonomy
from sre_space.record.audit import Auditor
from sre_space.text.prose import prose

MINUTE_S = 60.0
RESTART = "MITIGATION: RESTART policy-service"


async def killed(world: World, after_s: float = 30.0, rounds: int = 200) -> Case:
    """Wait `after_s`, stop policy-service, let all agents work, and return the case."""
    await world.clock.sleep(after_s)
    world.dead = {"policy-service"}
    return await world.play(await world.detect(), rounds)


def memory_of(world: World) -> Memory:
    """Return the Memory agent of the world."""
    memory = world.duties[Agent.MEMORY]
    assert isinstance(memory, Memory)
    return memory


def recalled(case: Case) -> tuple[PastCase, ...]:
    """Return the past cases that Memory recalled for this one."""
    recall = case.latest(Recall)
    assert recall is not None
    return recall.cases


async def test_a_recurrence_is_handed_on_as_a_failure_and_the_old_chain_stays_as_it_was() -> None:
    world = World()
    first = await killed(world)
    body = world.forge.written[first.issue][-1].body
    second = await killed(world)

    (past,) = recalled(second)  # its own cause is not known when it asks
    assert (past.remedy, past.worked, past.provisional) == (RESTART, False, True)
    third = await killed(world, 35 * MINUTE_S)

    one, other = recalled(third)
    assert (one.issue, one.worked, one.recurrence) == (first.issue, False, second.issue)
    assert (other.issue, other.worked, other.recurrence) == (second.issue, True, 0)
    assert f"it came back in issue {second.issue}" in prose(Recall((one,)))
    assert world.forge.written[first.issue][-1].body == body
    assert "helped" in first.last.payload.lesson  # type: ignore[union-attr]


async def test_what_recurred_while_memory_was_down_counts() -> None:
    world = World()
    first = await killed(world)
    world.stop(Agent.MEMORY)
    second = await killed(world)
    assert second.last.step is Step.CONCLUDE  # nobody remembers it
    world.go_on()
    world.duties = world._duties()
    world.runners = {agent: world.runner(agent) for agent in Agent}
    third = await killed(world, 35 * MINUTE_S)

    assert {past.issue: past.recurrence for past in recalled(third)}[first.issue] == second.issue


async def test_what_came_after_the_time_was_over_is_another_matter() -> None:
    world = World()
    first = await killed(world)
    assert (await killed(world, PROVISIONAL_NS / 1e9 + 60)).recovered
    third = await killed(world, 1)

    assert {past.issue: past.worked for past in recalled(third)}[first.issue]


async def test_a_rebuilt_index_says_what_the_issues_say_today() -> None:
    world = World()
    first = await killed(world)
    second = await killed(world)
    learnt = dict(world.lessons)
    assert learnt[first.incident].facts["worked"]
    world.lessons.clear()
    memory = memory_of(world)

    assert await memory.rebuild() == 2
    assert not world.lessons[first.incident].facts["worked"]
    assert f"it came back in issue {second.issue}" in world.lessons[first.incident].text
    assert world.lessons[second.incident] == learnt[second.incident]


async def test_the_audit_shows_what_a_lesson_is_worth_today() -> None:
    world = World()
    await killed(world)
    second = await killed(world)
    told = document(await Auditor(world.incidents, world.orders).audit())

    learnt = [issue["learnt"] for issue in told["issues"]]  # type: ignore[attr-defined]
    cause = "policy-service crash"
    assert learnt == [
        [{"cause": cause, "remedy": RESTART, "worked": False, "recurrence": second.issue}],
        [{"cause": cause, "remedy": RESTART, "worked": True, "recurrence": 0}],
    ]


async def test_a_strangers_copy_of_an_opening_is_no_recurrence() -> None:
    world = World()
    first = await killed(world)
    await world.clock.sleep(60)
    await world.forge.open_issue("[INCIDENT]", world.forge.found[first.issue - 1].body, ())
    third = await killed(world, 35 * MINUTE_S)

    (past,) = recalled(third)
    assert (past.worked, past.recurrence) == (True, 0)


async def test_what_is_settled_is_not_read_again() -> None:
    world = World()
    first = await killed(world)
    memory = memory_of(world)
    await killed(world, 30)
    assert not memory.settled
    await killed(world, 65 * MINUTE_S)

    assert memory.settled[first.incident] == 2


@pytest.mark.parametrize("kind", [CauseKind.ERROR, CauseKind.SATURATION])
async def test_a_remedy_that_did_not_last_comes_after_one_that_was_not_tried(kind: CauseKind) -> None:
    world = World(autonomy=Autonomy.APPROVE)
    world.dead = {"policy-service"}
    case = await world.play(await world.detect(), 10)
    found = diagnosis("policy-service", kind, change="c" * 40)
    lives = dict.fromkeys(world.config.services, "1:running")
    desired = {path: text.decode() for path, text in world.git.main().items()}
    reverse = (Edit("deploy/config/policy-service.env", "DATABASE_POOL_SIZE", "5", "4"),)

    def first(*cases: PastCase) -> str:
        fact = replace(case.chain[1].fact, payload=Recall(cases))
        told = replace(case, chain=(case.chain[0], replace(case.chain[1], fact=fact)))
        scene = Situation(world.config, told, found, lives, (), world.clock.now(), desired, reverse)
        return candidate_remedies(scene)[0].command

    usual = first()
    helped = PastCase("01A", 1, 0.9, f"policy-service {kind}", usual, worked=True)
    assert first(helped) == usual
    for failed in (replace(helped, worked=False, recurrence=2), replace(helped, worked=False, provisional=True)):
        assert name_in(first(failed)) != name_in(usual)


async def test_a_lesson_of_before_has_the_same_shape() -> None:
    world = World()
    case = await killed(world)
    learnt = case.latest(Learnt)
    assert learnt is not None

    assert lesson_of(case, past_cases(case, 0)).text == learnt.lesson
    assert world.lessons[case.incident].more
