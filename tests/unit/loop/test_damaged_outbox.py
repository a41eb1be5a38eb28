"""A signed fact that waits in an outbox and is damaged there: kept aside, never posted, and the incident goes on."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.world import World

from sre_space.domain.facts import Action, ActionResult, Agent, Step
from sre_space.ports.outbox import Pending

DAMAGES: dict[str, Callable[[Pending], Pending]] = {
    "no footer": lambda pending: replace(pending, body="text"),
    "nothing": lambda pending: replace(pending, body=""),
    "half of it": lambda pending: replace(pending, body=pending.body[: len(pending.body) // 2]),
    "another payload": lambda pending: replace(pending, body=pending.body.replace("\npayload=", "\npayload=AAAA")),
    "another fact": lambda pending: replace(pending, body=pending.body.replace(f"\nseq={pending.seq}", "\nseq=9")),
    "another version": lambda pending: replace(pending, body=pending.body.replace("sre-fact=v1", "sre-fact=v9")),
}


@pytest.mark.parametrize("name", DAMAGES)
async def test_a_damaged_fact_is_kept_aside_and_its_step_is_done_again(name: str) -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).last.step is not Step.DECIDE:
        await world.turn(number, Agent.MEMORY, Agent.BRAIN)
    case = await world.case(number)
    pending = await world.runners[Agent.FIXER]._perform(case, Step.ACT)
    assert pending is not None
    world.pending[Agent.FIXER, case.incident] = damaged = DAMAGES[name](pending)
    world.runners[Agent.FIXER] = world.runner(Agent.FIXER)

    case = await world.play(number)

    assert [(agent, kept) for agent, kept, _ in world.set_aside] == [(Agent.FIXER, damaged)]
    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.ALREADY_CHANGED
    assert world.starts["policy-service"] == 2
    assert case.recovered
    assert damaged.body not in [comment.body for comment in await world.forge.comments(number)]
