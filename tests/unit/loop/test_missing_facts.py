"""What was recorded and is gone stops the case, whoever saw it, and somebody calls a person; once is enough."""

from dataclasses import replace

import pytest
from support.world import World

from sre_space.domain.facts import Agent, Decision, Step
from sre_space.domain.labels import FROZEN


async def decided(world: World) -> int:
    """Play an incident up to Brain's decision, which Fixer has not seen, and return the issue's number."""
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.turn(number, Agent.MEMORY)
    await world.turn(number, Agent.BRAIN)
    assert (await world.case(number)).last.step is Step.DECIDE
    return number


async def rounds(world: World, number: int, *agents: Agent, count: int = 120) -> None:
    """Each visits, four times a second."""
    for _ in range(count):
        await world.turn(number, *agents)
        await world.clock.sleep(0.25)


@pytest.mark.parametrize("seen_again", [True, False])
async def test_a_decision_that_is_deleted_before_fixer_saw_it_calls_a_person_and_is_not_taken_again(
    seen_again: bool,
) -> None:
    world = World()
    number = await decided(world)
    if seen_again:
        await world.turn(number, Agent.BRAIN)
    del world.forge.written[number][-1]

    await rounds(world, number, Agent.BRAIN, Agent.FIXER)

    case = await world.case(number)
    assert case.latest(Decision) is None
    assert [note.title for note in world.notes] == [f"Incident {number}: frozen: Infrastructure on policy-service"]
    assert "missing or altered" in world.notes[0].text
    assert FROZEN in case.labels
    assert world.restarts == []


async def test_a_decision_that_is_altered_before_fixer_saw_it_is_not_taken_again_either() -> None:
    world = World()
    number = await decided(world)
    comments = world.forge.written[number]
    comments[-1] = replace(comments[-1], body="nothing to see")

    await rounds(world, number, *Agent)

    assert len(comments) == 2
    assert len(world.notes) == 1


async def test_what_is_frozen_stays_so_for_an_agent_that_is_started_later_until_a_person_takes_the_label_away() -> None:
    world = World()
    number = await decided(world)
    del world.forge.written[number][-1]
    await rounds(world, number, Agent.BRAIN)
    world.runners = {agent: world.runner(agent) for agent in Agent}

    await rounds(world, number, *Agent)

    assert (await world.case(number)).frozen_reason
    assert world.restarts == []
    labels = world.forge.found[number - 1].labels
    world.forge.found[number - 1] = replace(
        world.forge.found[number - 1], labels=tuple(one for one in labels if one != FROZEN)
    )
    case = await world.play(number)
    assert not case.is_open


async def test_a_verdict_that_is_deleted_before_anybody_else_saw_it_calls_a_person() -> None:
    world = World()
    number = await decided(world)
    await world.turn(number, Agent.FIXER)
    while not await world.turn(number, Agent.SCOUT):
        await world.clock.sleep(1)
    assert (await world.case(number)).last.step is Step.VERIFY
    del world.forge.written[number][-1]

    await rounds(world, number, *Agent, count=160)

    assert (await world.case(number)).last.step is Step.ACT
    assert len(world.notes) == 1


async def test_a_forge_that_shows_a_comment_a_moment_later_freezes_nothing() -> None:
    world = World()
    number = await decided(world)
    late = world.forge.written[number].pop()
    await rounds(world, number, Agent.BRAIN, count=20)
    world.forge.written[number].append(late)

    case = await world.play(number)

    assert not case.is_open
    assert world.notes == []


async def test_a_forge_that_shows_an_older_page_once_to_fixer_freezes_nothing_for_ever() -> None:
    world = World()
    number = await decided(world)
    await world.turn(number, Agent.FIXER)
    await world.turn(number, Agent.FIXER)
    late = world.forge.written[number].pop()
    await rounds(world, number, Agent.FIXER, count=4)
    world.forge.written[number].append(late)

    case = await world.play(number)

    assert not case.is_open
    assert FROZEN not in case.labels
