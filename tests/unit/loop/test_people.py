"""A service's people: they are named on the issue and in calls, and asked before what keeps state is restarted."""

from dataclasses import replace

from support.world import QUOTE_FILE, Fault, World, diagnosis

from sre_space.domain.contacts import Contact
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Agent, Decision
from sre_space.domain.grounds import STATEFUL
from sre_space.domain.symptoms import SymptomKind

RUNBOOK = "https://wiki.example/policies"


def world_with(service: str, **changed: object) -> World:
    """Return a world in which one service's entry is changed."""
    config = World().config
    services = dict(config.services) | {service: replace(config.services[service], **changed)}  # type: ignore[arg-type]
    return World(configured=replace(config, services=services))


async def test_issue_and_call_name_the_owner_and_the_runbook_and_go_to_whom_it_concerns() -> None:
    world = world_with("policy-service", contact=Contact("policy-service", "team @policies", "policies", RUNBOOK))
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.UNKNOWN)

    case = await world.play(await world.detect(), 60)

    body = (await world.forge.issue(case.issue)).body
    assert f"- policy-service: owner team (at)policies, runbook {RUNBOOK}" in body
    called = [note for note in world.notes if note.title.startswith("Incident")]
    assert called
    assert all(f"runbook {RUNBOOK}" in note.text for note in called)
    assert {note.to for note in called} == {("policies",)}


async def test_without_people_an_issue_is_as_it_was() -> None:
    world = World()
    world.dead = {"policy-service"}

    case = await world.play(await world.detect(), 5)

    assert case.detection.contacts == ()
    assert "Whom to ask" not in (await world.forge.issue(case.issue)).body


async def test_what_keeps_state_is_restarted_only_when_a_person_has_approved_it() -> None:
    world = world_with("policy-service", stateful=True)
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)
    number = await world.detect()

    case = await world.play(number, 60)

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.plan
    assert not world.restarts
    assert any("It waits for a person because policy-service keeps state." in note.text for note in world.notes)

    world.says(number, f"/sre approve {case.plan}")
    case = await world.play(number)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.DONE
    assert any(answer.rule == STATEFUL and answer.allowed for answer in action.guardrails)
    assert len(world.restarts) == 1


async def test_a_change_that_would_restart_what_keeps_state_waits_as_well() -> None:
    world = world_with("quote-service", stateful=True)
    guilty = world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT=250000", "ONLINE_LIMIT=2500")
    main = world.git.main()
    world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda values: int(values["ONLINE_LIMIT"]) < 10_000)]
    world.diagnoses = lambda _: diagnosis("quote-service", CauseKind.BAD_CHANGE, guilty)
    for _ in range(40):
        await world.clock.sleep(0.25)

    case = await world.play(await world.report(SymptomKind.ERROR, "quote-service"), 60)

    decision = case.latest(Decision)
    assert decision is not None
    assert decision.plan
    assert world.git.main() == main


async def test_fixer_refuses_what_a_brain_decided_before_the_service_was_declared_to_keep_state() -> None:
    world = World(halted_now=True)
    world.dead = {"policy-service"}
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)
    number = await world.detect()
    await world.play(number, 10)

    world.config = world_with("policy-service", stateful=True).config
    world.duties[Agent.FIXER] = world.fixer()
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)
    world.halted_now = False
    case = await world.play(number, 20)

    first = case.trials[0].action
    assert first.result is ActionResult.REFUSED
    assert "`stateful`: policy-service keeps state, and no person was asked" in first.detail
    assert not world.restarts
