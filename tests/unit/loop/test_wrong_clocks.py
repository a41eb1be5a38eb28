"""Clocks that differ end neither in an issue a second nor in a circle of decisions; the reason that is told is true."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.world import SECOND, World, diagnosis

from sre_space.agents.brain.attempts import exhausted
from sre_space.domain.clocks import clock_differences
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Agent

MINUTES = 60 * SECOND


def forge_clock_is_behind(world: World) -> None:
    """By ten minutes."""
    world.forge.now = lambda: world.clock.now() - 10 * MINUTES


def forge_mangles(world: World) -> None:
    """Text that is written."""
    write = world.forge.open_issue

    async def mangled(title: str, body: str, labels: object) -> int:
        return await write(title, body.replace("=", "&#61;"), ())

    world.forge.open_issue = mangled  # type: ignore[method-assign]


def nobody_trusts_scout(world: World) -> None:
    """Its key is not in the trust store."""
    world.trust.keys = {name: key for name, key in world.keys.items() if name != "scout"}


def issues_vanish(world: World) -> None:
    """Make the forge drop the text and labels of each new issue and close it at once."""
    write = world.forge.open_issue

    async def deleted(title: str, body: str, labels: object) -> int:
        number = await write(title, "", ())
        world.forge.found[number - 1] = replace(world.forge.found[number - 1], state="closed")
        return number

    world.forge.open_issue = deleted  # type: ignore[method-assign]


@pytest.mark.parametrize("spoil", [forge_clock_is_behind, forge_mangles, nobody_trusts_scout, issues_vanish])
async def test_an_issue_that_is_not_read_back_as_its_incident_is_opened_once_and_calls_once(
    spoil: Callable[[World], None],
) -> None:
    world = World()
    spoil(world)
    world.dead = {"policy-service"}
    for _ in range(40):
        await world.clock.sleep(0.25)
        await world.opener.open_missing(world.scout.detections())

    assert len(world.forge.found) == 1
    (note,) = world.notes
    assert note.title == "Issue 1 cannot be read back: infrastructure/policy-service"


async def test_once_it_is_over_the_same_symptom_is_opened_again() -> None:
    world = World()
    world.dead = {"policy-service"}
    first = await world.play(await world.detect())
    assert not first.is_open
    await world.clock.sleep(30)
    world.dead = {"policy-service"}

    assert await world.detect() == 2
    assert world.notes == []


async def test_decisions_that_expire_before_they_are_read_end_with_a_person_and_the_true_reason() -> None:
    world = World()
    world.diagnoses = lambda _: diagnosis("policy-service", CauseKind.CRASH)
    world.dead = {"policy-service"}
    world.clocks[Agent.FIXER].ahead = 10 * MINUTES  # and nobody can be asked what time it is

    case = await world.play(await world.detect(), 60)

    action = case.latest(Action)
    assert action is not None
    assert action.result is ActionResult.ESCALATED
    assert action.detail.startswith("3 decisions had no effect: refused: the decision has expired (3 times); ")
    assert "the clocks of fixer and brain differ by 60" in action.detail
    assert "attempts did not help" not in action.detail
    assert world.restarts == []
    assert len(world.notes) == 1


@pytest.mark.parametrize("result", [ActionResult.REFUSED, ActionResult.CLEARED, ActionResult.ALREADY_CHANGED])
async def test_what_changed_nothing_is_no_attempt(result: ActionResult) -> None:
    world = World()
    world.dead, world.stubborn = {"policy-service"}, {"policy-service"}
    case = await world.play(await world.detect(), 300)
    done = next(entry for entry in case.chain if isinstance(entry.fact.payload, Action))
    assert isinstance(done.fact.payload, Action)
    idle = replace(done, fact=replace(done.fact, payload=replace(done.fact.payload, result=result, detail="so")))
    head = case.chain[:2]

    assert exhausted(replace(case, chain=(*head, idle, idle)), 3) == ""
    assert exhausted(replace(case, chain=(*head, *[idle] * 3)), 3) == (
        f"3 decisions had no effect: {result}: so (3 times)"
    )
    assert exhausted(replace(case, chain=(*head, *[done] * 3)), 3) == ""  # carried out, and measured by nobody


async def test_clocks_that_agree_are_not_accused() -> None:
    world = World()
    world.dead = {"policy-service"}
    assert clock_differences(await world.play(await world.detect())) == ""
