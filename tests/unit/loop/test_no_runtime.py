"""A service without a runtime is observed and diagnosed, and a person is asked; nothing is done to it."""

from dataclasses import replace

from support.world import World, diagnosis

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Decision
from sre_space.domain.remedies import RemedyKind


async def outage_of(service: str) -> tuple[World, Case]:
    """Return the world, and the case after an outage of `service`; only policy-service has no runtime."""
    config = World().config
    services = dict(config.services)
    services["policy-service"] = replace(services["policy-service"], has_runtime=False)
    world = World(configured=replace(config, services=services))
    world.dead = {service}
    world.diagnoses = lambda _: diagnosis(service, CauseKind.CRASH)
    return world, await world.play(await world.detect(), 60)


async def test_a_person_is_told_the_cause_and_what_the_agents_would_have_done() -> None:
    world, case = await outage_of("policy-service")

    decision, action = case.latest(Decision), case.latest(Action)
    assert decision is not None
    assert decision.remedy.kind is RemedyKind.ESCALATE
    assert "RESTART policy-service was refused: policy-service has no runtime here" in decision.remedy.reason
    assert "(rule `runtime`)" in decision.remedy.reason
    assert action is not None
    assert action.result is ActionResult.ESCALATED
    assert not world.restarts
    assert any("a person is needed" in note.title for note in world.notes)


async def test_the_other_services_are_repaired_as_before() -> None:
    world, case = await outage_of("user-service")

    assert case.recovered
    assert len(world.restarts) == 1
