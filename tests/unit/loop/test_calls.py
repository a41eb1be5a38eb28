"""When people are called, and what they are told: once for each thing, with everything known."""

import pytest
from support.world import PAGE, SECOND, Fault, World, diagnosis

from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Action, ActionResult, Agent, Decision, Step
from sre_space.domain.space_config import Autonomy
from sre_space.domain.symptoms import SymptomKind
from sre_space.loop.stalls import SeenOnce, Stalls


async def escalated(world: World) -> int:
    """Play an incident that a restart does not end until a person is asked, and return the issue's number."""
    world.dead, world.stubborn = {"policy-service"}, {"policy-service"}
    case = await world.play(await world.detect(), 300)
    assert case.latest(Action).result is ActionResult.ESCALATED  # type: ignore[union-attr]
    return case.issue


async def looks(world: World, rounds: int) -> None:
    """Scout tries to open what it sees, four times a second."""
    for _ in range(rounds):
        await world.clock.sleep(0.25)
        await world.opener.open_missing(world.scout.detections())


async def test_nobody_is_called_for_what_the_doctor_heals_by_itself() -> None:
    world = World()
    world.dead = {"policy-service"}
    case = await world.play(await world.detect())

    assert not case.is_open
    assert world.notes == []


@pytest.mark.parametrize(("down", "step"), [(Agent.FIXER, Step.ACT), (Agent.BRAIN, Step.DECIDE)])
async def test_for_a_service_in_a_crash_loop_somebody_calls_though_the_agent_whose_turn_it_is_is_down(
    down: Agent, step: Step
) -> None:
    world = World()
    world.dead = world.stubborn = {"policy-service"}
    number = await world.detect()
    world.stop(down)
    calls = SeenOnce()
    stalls = [Stalls(agent, world.pager(), calls) for agent in Agent if agent is not down]
    for _ in range(300):
        await world.turn(number)
        await world.clock.sleep(0.5)
        for stall in stalls:
            stall.overdue_steps([await world.case(number)], world.clocks[stall.agent].pauses(), {})

    (note,) = world.notes
    assert note.title == f"Incident {number}: no progress at the step {step}: Infrastructure on policy-service"
    assert f"the agent {down} has not done it in time" in note.text


async def test_an_escalation_calls_once_and_tells_everything_known() -> None:
    world = World()
    number = await escalated(world)
    await world.play(number, 40)

    (note,) = world.notes
    decision = (await world.case(number)).latest(Decision)
    assert decision is not None
    assert note.title == f"Incident {number}: a person is needed: Infrastructure on policy-service"
    assert note.text.startswith(f"{decision.remedy.reason}.")
    for told in (
        f"{PAGE}/issues/{number} or `sre-space show {number}`",
        "- Infrastructure: **policy-service**: no connection, for ",
        decision.diagnosis.report.partition("\n")[0].replace("`", "'"),
        "- MITIGATION: RESTART policy-service: done; policy-service restarted; Scout: NOT RECOVERED",
    ):
        assert told in note.text


async def test_the_issue_and_the_call_link_to_the_incident_on_the_dashboard() -> None:
    world = World()
    world.opener.dashboard = "https://sre.example/"
    number = await escalated(world)
    await world.play(number, 40)
    case = await world.case(number)
    page = f"https://sre.example/incidents/{case.incident}"

    (note,) = world.notes
    assert case.detection.page == page
    assert f"On the dashboard: {page}\n" in (await world.forge.issue(number)).body
    assert f"{PAGE}/issues/{number} or {page} or `sre-space show {number}`" in note.text


async def test_a_fixer_that_is_started_anew_does_not_call_again_for_a_recorded_escalation() -> None:
    world = World()
    number = await escalated(world)
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)
    await world.play(number, 40)

    assert len(world.notes) == 1


@pytest.mark.parametrize("killed", [False, True])
async def test_an_escalation_whose_answer_was_lost_calls_all_the_same(killed: bool) -> None:
    world = World(autonomy=Autonomy.OBSERVE)
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    world.forge.loses_answer = lambda: True
    with pytest.raises(Unavailable):
        await world.turn(number, Agent.FIXER)
    world.forge.loses_answer = lambda: False
    assert world.notes == []
    if killed:
        world.runners[Agent.FIXER] = world.runner(Agent.FIXER)
    await world.play(number, 40)

    assert [note.title for note in world.notes] == [
        f"Incident {number}: a person is needed: Infrastructure on policy-service"
    ]
    assert "**What was tried**\n\nNothing." in world.notes[0].text


async def test_a_plan_calls_once_and_tells_what_to_approve_and_until_when() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    world.dead = {"policy-service"}
    case = await world.play(await world.detect(), 40)

    (note,) = world.notes
    assert note.title == f"Incident {case.issue}: a plan waits for approval: Infrastructure on policy-service"
    assert note.text.startswith("MITIGATION: RESTART policy-service\n")
    assert f"`sre-space approve {case.plan}`. It expires at 2023-11-14 " in note.text


async def test_a_plan_that_changes_the_configuration_shows_its_diff() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.ERROR)
    world.faults = [Fault(SymptomKind.ERROR, "quote-service", lambda _: True)]
    await world.play(await world.report(SymptomKind.ERROR, "quote-service"), 20)

    (note,) = world.notes
    file = "deploy/config/quote-service.env"
    assert f"```diff\n-{file}: DOWNSTREAM_ATTEMPTS=1\n+{file}: DOWNSTREAM_ATTEMPTS=5\n```" in note.text


async def test_a_frozen_case_calls_once_though_four_agents_see_it() -> None:
    world = World()
    number = await world.tampered()
    case = await world.play(number, 20)

    (note,) = world.notes
    assert note.title == f"Incident {number}: frozen: Infrastructure on policy-service"
    assert case.frozen_reason or "missing or altered" in note.text
    assert "The agents do nothing more about it." in note.text


async def test_with_the_forge_away_each_symptom_calls_once_and_again_only_after_it_was_recorded() -> None:
    world = World()
    world.dead, world.forge.down = {"policy-service", "user-service"}, True
    await looks(world, 120)

    assert sorted(note.title for note in world.notes) == [
        "No record: Infrastructure on policy-service",
        "No record: Infrastructure on user-service",
    ]
    assert "The forge does not accept the incident: the forge is away." in world.notes[0].text

    world.forge.down = False
    await looks(world, 4)
    assert len(world.forge.found) == 2
    assert len(world.notes) == 2


async def test_a_forge_that_is_away_for_a_moment_calls_nobody() -> None:
    world = World()
    world.dead, world.forge.down = {"policy-service"}, True
    await looks(world, 20)
    world.forge.down = False
    await looks(world, 60)

    assert len(world.forge.found) == 1
    assert world.notes == []


async def test_what_could_be_opened_before_the_forge_went_away_is_not_told_as_unrecorded() -> None:
    world = World()
    world.dead = {"policy-service", "user-service"}
    for _ in range(8):
        await world.clock.sleep(0.25)
    found = world.scout.detections()
    assert len(found) == 2
    world.forge.down = True
    assert await world.opener.open_missing(found) == {}
    world.clock.time += 60 * SECOND
    world.forge.down, world.forge.fails = False, lambda: len(world.forge.found) == 1
    opened = await world.opener.open_missing(found)

    assert list(opened.values()) == found[:1]
    second = found[1].symptoms[0].service
    assert [note.title for note in world.notes] == [f"No record: Infrastructure on {second}"]
