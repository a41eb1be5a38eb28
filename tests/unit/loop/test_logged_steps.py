"""What a person who follows the agents' logs reads of an incident: a line for each step."""

import logging

import pytest
from support.world import World


async def test_each_recorded_step_is_one_line_that_says_what_was_decided_or_done(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    world = World()
    world.dead = {"policy-service"}

    number = await world.detect()
    case = await world.play(number)

    lines = [record.getMessage() for record in caplog.records if record.name == "sre_space.loop.runner"]
    assert [line.partition(": ")[0] for line in lines] == [
        f"issue {number}, {entry.fact.step}" for entry in case.chain[1:]
    ]
    said = dict(line.partition(": ")[::2] for line in lines)
    assert said[f"issue {number}, decide"].startswith("CONFIRMED; MITIGATION: RESTART policy-service: ")
    assert said[f"issue {number}, act"].startswith("done: MITIGATION: RESTART policy-service; ")
    assert said[f"issue {number}, verify"].startswith("Scout: RECOVERED. ")
    assert all(line.isprintable() for line in lines)
