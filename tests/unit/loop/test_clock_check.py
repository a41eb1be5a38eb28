"""An agent whose clock is wrong says so once and does nothing; when it is right again it goes on."""

import itertools

import pytest
from support.matrix import matrix
from support.world import SECOND, SERVICES, World

from sre_space.domain.facts import Agent, Step
from sre_space.loop.clock_check import ClockCheck

STEPS = [Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM]
TEN_MINUTES = 600 * SECOND


async def compared(world: World) -> None:
    """Each agent has heard the others' time."""
    for check in (world.opener.clock_check, *(runner.clock_check for runner in world.runners.values())):
        await check.compare()


@pytest.mark.parametrize("ahead", [TEN_MINUTES, -TEN_MINUTES])
@pytest.mark.parametrize("after", matrix(STEPS))
@pytest.mark.parametrize("agent", list(Agent))
async def test_whose_clock_is_set_wrong_after_a_step_records_nothing_until_it_is_right(
    agent: Agent, after: Step, ahead: int
) -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await compared(world)
    await _until(world, number, after)
    known = (await world.case(number)).chain
    world.clocks[agent].ahead = ahead
    for _ in range(30):
        await world.runners[agent].visit(await world.case(number))

    assert (await world.case(number)).chain == known
    assert [note.title for note in world.notes if "wrong clock" in note.title] in ([], [_said(ahead)])
    world.clocks[agent].ahead = 0
    case = await world.play(number)

    assert case.recovered
    assert world.starts["policy-service"] == 2


async def _until(world: World, number: int, after: Step) -> None:
    """One agent after the other works, until the step is the last one recorded."""
    for agent in itertools.islice(itertools.cycle(Agent), 200):
        if (await world.case(number)).last.step is after:
            return
        await world.turn(number, agent)
    raise AssertionError(f"{after} was never the last step")


def _said(ahead: int) -> str:
    most = "policy-service, quote-service, the forge and user-service"
    return f"A wrong clock: this clock is 600 s {'ahead of' if ahead > 0 else 'behind'} {most}"


async def test_a_scout_with_a_wrong_clock_opens_nothing_and_opens_one_incident_later() -> None:
    world = World()
    await compared(world)
    world.dead = {"policy-service"}
    world.clocks[Agent.SCOUT].ahead = TEN_MINUTES
    for _ in range(40):
        await world.clock.sleep(0.25)
        assert await world.opener.open_missing(world.scout.detections()) == {}
        await world.opener.clock_check.compare()
    assert len([note for note in world.notes if "wrong clock" in note.title]) == 1
    world.clocks[Agent.SCOUT].ahead = 0

    assert (await world.play(await world.detect())).recovered


async def test_others_whose_clock_is_wrong_hinder_nobody_and_are_named(caplog: pytest.LogCaptureFixture) -> None:
    world = World(misread={"the forge": TEN_MINUTES})
    await compared(world)
    await compared(world)
    world.dead = {"policy-service"}

    assert (await world.play(await world.detect())).recovered
    assert "the clock of the forge is 600 s ahead" in caplog.text


def test_a_clock_that_nobody_can_be_asked_about_hinders_nobody() -> None:
    world = World()

    assert ClockCheck(world, world.clock, world.reporter, world.pager()).wrong() == ""


async def test_a_clock_that_is_wrong_from_the_start_is_found_by_the_first_answers() -> None:
    world = World(misread=dict.fromkeys(("the forge", *SERVICES), -TEN_MINUTES))
    await compared(world)
    assert "600 s ahead of" in world.runners[Agent.BRAIN].clock_check.wrong()


async def test_dates_that_were_told_late_once_call_nobody() -> None:
    """As servers that stood still for an hour with the agent answer with the time of before, in their first second."""

    world = World()
    world.misread = dict.fromkeys(("the forge", *SERVICES), -3600 * SECOND)
    await compared(world)
    assert world.runners[Agent.BRAIN].clock_check.wrong()
    world.misread.clear()
    await compared(world)

    assert world.runners[Agent.BRAIN].clock_check.wrong() == ""
    assert world.notes == []


async def test_a_clock_that_is_set_with_those_of_all_others_calls_nobody() -> None:
    world = World()
    check = world.runners[Agent.FIXER].clock_check
    await check.compare()
    world.clocks[Agent.FIXER].ahead = 11 * SECOND
    assert check.wrong()
    world.misread = dict.fromkeys(("the forge", *SERVICES), 11 * SECOND)
    await check.compare()
    await check.compare()

    assert check.wrong() == ""
    assert world.notes == []
