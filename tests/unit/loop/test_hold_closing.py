"""The issue of a hold that is over is closed with a comment; everything else with the label is left as it is."""

import pytest
from support.holding import hold, release
from support.world import SECOND, World

from sre_space.domain.errors import Unavailable
from sre_space.domain.facts import Agent
from sre_space.domain.labels import HOLD
from sre_space.loop.hold_closing import HoldClosing


def closing(world: World) -> HoldClosing:
    """Return a Fixer's, as a fresh process would have it."""
    world.read_holds.clear()
    clock = world.clocks[Agent.FIXER]
    return HoldClosing(world.holds(Agent.FIXER), world.forge, clock, world.clock_check(Agent.FIXER))


async def notes(world: World, number: int) -> list[str]:
    """Return the comments that say that the hold has ended."""
    return [comment.body for comment in await world.forge.comments(number) if "has ended" in comment.body]


async def test_a_hold_that_is_over_is_closed_once_and_says_until_when_it_was() -> None:
    world = World()
    number = await hold(world, "policy-service", 600)
    await closing(world).close()
    assert (await world.forge.issue(number)).state == "open"

    world.clock.time += 700 * SECOND
    for _ in range(3):
        await closing(world).close()

    assert (await world.forge.issue(number)).state == "closed"
    assert await notes(world, number) == [
        "This hold has ended: it was until 2023-11-14 22:24 UTC. What still failed then became an incident."
    ]
    assert not await world.holds(Agent.FIXER).issues()


async def test_a_hold_is_not_closed_in_the_minute_of_its_end() -> None:
    world = World()
    number = await hold(world, "policy-service", 600)
    world.clock.time += 630 * SECOND

    await closing(world).close()

    assert (await world.forge.issue(number)).state == "open"


async def test_a_fixer_that_was_killed_after_its_comment_closes_without_another_one() -> None:
    world = World()
    number = await hold(world, "policy-service", 600)
    world.clock.time += 700 * SECOND
    world.forge.loses_answer = lambda: True
    with pytest.raises(Unavailable):
        await closing(world).close()
    world.forge.loses_answer = lambda: False

    await closing(world).close()

    assert (await world.forge.issue(number)).state == "closed"
    assert len(await notes(world, number)) == 1


async def test_what_nobody_signed_and_what_was_released_and_incidents_are_left_alone() -> None:
    world = World()
    unsigned = await world.forge.open_issue("[HOLD] policy-service", "trust me", (HOLD,))
    released = await hold(world, "user-service", 600)
    await release(world, released)
    world.dead = {"policy-service"}
    incident = await world.detect()
    await world.forge.set_labels(incident, (*(await world.case(incident)).labels, HOLD))
    world.clock.time += 25 * 3600 * SECOND

    await closing(world).close()

    assert [(await world.forge.issue(number)).state for number in (unsigned, incident)] == ["open", "open"]
    assert not await notes(world, released)


async def test_an_agent_whose_clock_is_wrong_closes_nothing() -> None:
    world = World()
    number = await hold(world, "policy-service", 600)
    world.clocks[Agent.FIXER].ahead = 3600 * SECOND
    wrong = closing(world)
    for _ in range(3):
        await wrong.clock_check.compare()

    await wrong.close()

    assert (await world.forge.issue(number)).state == "open"
