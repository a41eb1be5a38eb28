"""A dry run asks everything, tells a person what it would do, and does nothing."""

import pytest
from support.world import DESIRED, QUOTE_FILE, Fault, World, diagnosis

from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Step, Undo
from sre_space.domain.labels import NEEDS_HUMAN
from sre_space.domain.remedies import RemedyKind
from sre_space.domain.space_config import Autonomy
from sre_space.domain.symptoms import SymptomKind

SLOW = Fault(SymptomKind.LATENCY, "quote-service", lambda _: True)


async def test_a_restart_is_told_and_not_done() -> None:
    world = World(dry_run=True)
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)

    case = await world.play(await world.detect())

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.ESCALATED
    assert action.remedy.kind is RemedyKind.RESTART
    assert action.detail.startswith("dry run, not done: MITIGATION: RESTART policy-service")
    assert all(answer.allowed for answer in action.guardrails)
    assert not world.restarts
    assert NEEDS_HUMAN in case.labels
    assert any("dry run" in note.text for note in world.notes)


async def test_what_a_person_did_after_a_dry_run_ends_the_incident() -> None:
    world = World(dry_run=True)
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)
    number = await world.detect()
    await world.play(number)

    world.dead = set()
    case = await world.play(number, 200)

    assert case.recovered
    assert not world.restarts


async def test_a_change_is_told_and_no_branch_is_made() -> None:
    world = World(dry_run=True)
    guilty = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500")
    main = world.git.main()
    world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda values: int(values["ONLINE_LIMIT"]) < 10_000)]
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    for _ in range(40):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "quote-service"))

    action = case.latest(Action)
    assert action is not None
    assert "MITIGATION: PR REVERT quote-service: ONLINE_LIMIT 2500 -> 250000" in action.detail
    assert world.git.requests == {}
    assert [branch.name for branch in await world.git.branches()] == ["main"]
    assert world.git.main() == main


async def test_an_approved_plan_is_not_carried_out_either() -> None:
    world = World(autonomy=Autonomy.APPROVE, dry_run=True)
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)
    number = await world.detect()
    case = await world.play(number)
    world.says(number, f"/sre approve {case.plan}")

    case = await world.play(number)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.ESCALATED
    assert not world.restarts


async def test_what_was_done_before_the_dry_run_is_left_to_a_person() -> None:
    world = World()
    world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT", "RISK_FALLBACK=none\nONLINE_LIMIT")
    world.faults = [SLOW]
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.SLOW_NETWORK)
    for _ in range(40):
        await world.clock.sleep(0.25)
    number = await world.report(SymptomKind.LATENCY, "quote-service")
    for _ in range(200):
        case = await world.case(number)
        if case.last.step is Step.ACT:
            break
        await world.turn(number)
        await world.clock.sleep(0.25)

    world.dry_run = True  # a Fixer that is started anew reads it
    world.duties = world._duties()
    world.runners = {agent: world.runner(agent) for agent in world.duties}
    case = await world.play(number, 300)

    undo = case.latest(Undo)
    assert undo is not None
    assert undo.result is ActionResult.FAILED
    assert "dry run" in undo.detail
    assert "RISK_FALLBACK=standard" in world.git.main()[QUOTE_FILE].decode()
    assert NEEDS_HUMAN in case.labels


@pytest.mark.parametrize("dry", [False, True])
async def test_only_a_real_run_changes_desired_state(dry: bool) -> None:
    world = World(dry_run=dry)
    guilty = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500")
    world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda values: int(values["ONLINE_LIMIT"]) < 10_000)]
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    for _ in range(40):
        await world.clock.sleep(0.25)
    await world.play(await world.report(SymptomKind.ERROR, "quote-service"), 300)
    assert (world.git.main()[QUOTE_FILE].decode() == DESIRED[QUOTE_FILE]) is not dry
