"""A forge that fails in mid-incident, on virtual time: nothing is lost or done twice, no action lacks its record."""

import asyncio
import random

import pytest
from support.deaf import Deaf
from support.matrix import matrix
from support.world import World

from sre_space.domain.case import Case
from sre_space.domain.facts import Action, Agent, Step
from sre_space.loop.watch import Watch


async def lived_through(world: World, rounds: int = 2_000) -> Case:
    """Poll after poll until the incident is closed."""
    watches = [Watch(world.runners[agent], Deaf(), Deaf(), 1.0, lambda _: None) for agent in Agent]
    for _ in range(rounds):
        await world.opener.open_missing(world.scout.detections())
        for watch in watches:
            await watch.poll_once()
            while watch.tasks:
                await asyncio.gather(*watch.tasks.values())
                await asyncio.sleep(0)
        await world.clock.sleep(0.25)
        if world.forge.found and world.forge.found[0].state == "closed":
            break
    world.forge.fails = world.forge.loses_answer = lambda: False
    return await world.case(1)


@pytest.mark.parametrize(("fails", "loses"), [(0.1, 0.0), (0.4, 0.0), (0.0, 0.5), (0.2, 0.5)])
@pytest.mark.parametrize("seed", matrix(range(4)))
async def test_a_forge_that_fails_at_any_call_and_loses_any_answer_costs_time_only(
    seed: int, fails: float, loses: float
) -> None:
    chance = random.Random(seed)

    world = World()
    world.forge.fails = lambda: chance.random() < fails
    world.forge.loses_answer = lambda: chance.random() < loses
    world.dead = {"policy-service"}

    case = await lived_through(world)

    assert not case.is_open
    assert case.recovered
    assert [entry.fact.seq for entry in case.chain] == list(range(len(case.chain)))
    assert {void.reason for void in case.void} <= {"a later duplicate"}
    assert not case.frozen_reason
    assert sum(isinstance(one, Action) and one.changed for one in case.payloads) == 1
    assert world.starts == {"quote-service": 1, "policy-service": 2, "user-service": 1}
    assert len(await world.incidents.touched(0)) == 1
    assert all(pending.seq <= case.last.seq for pending in world.pending.values())


async def test_with_the_forge_away_after_the_decision_nothing_is_done_to_the_application() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    world.forge.down = True
    watch = Watch(world.runners[Agent.FIXER], Deaf(), Deaf(), 1.0, lambda _: None)
    for _ in range(240):
        watch.wake(number, 0)
        await asyncio.gather(*watch.tasks.values())
        await world.clock.sleep(0.25)

    assert world.starts["policy-service"] == 1


@pytest.mark.parametrize(("advice", "rest"), [(None, 1.0), (0.2, 1.0), (60.0, 60.0)])
async def test_an_agent_polls_again_when_the_forge_said_so_and_not_before(advice: float | None, rest: float) -> None:
    world = World()
    world.forge.down, world.forge.advice = True, advice

    assert await Watch(world.runners[Agent.BRAIN], Deaf(), Deaf(), 1.0, lambda _: None).poll_once() == rest


async def test_what_fails_the_same_way_at_every_try_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    watch = Watch(world.runners[Agent.MEMORY], Deaf(), Deaf(), 1.0, lambda _: None)
    for _ in range(2):  # it answers in between
        world.forge.down = True
        for _ in range(3):
            await watch.poll_once()
            watch.wake(number, 0)
            await asyncio.gather(*watch.tasks.values())
        world.forge.down = False
        await watch.poll_once()
        await asyncio.gather(*watch.tasks.values())

    said = [one for one in caplog.messages if one.endswith("the forge is away")]
    assert said == ["poll: the forge is away", f"issue {number}: the forge is away"] * 2
