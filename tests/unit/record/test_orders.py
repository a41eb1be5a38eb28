"""Plans that wait for a person: who may approve them and how, and everything that approves nothing."""

import pytest
from support.world import REPOSITORY, Key, World

from sre_space.codec.footer import prose_of
from sre_space.domain.case import Case
from sre_space.domain.facts import ActionResult, Decision, Step
from sre_space.domain.labels import HALT, NEEDS_HUMAN
from sre_space.domain.space_config import Autonomy
from sre_space.loop.halting import halt_on_label
from sre_space.record.order_format import parse_command, parse_order, render_order
from sre_space.record.orders import OPERATOR


async def planned(world: World) -> Case:
    """Play an incident until a plan to restart policy-service waits for approval, and return the case."""
    world.dead = {"policy-service"}
    case = await world.play(await world.detect(), 10)
    assert case.last.step is Step.DECIDE
    assert case.latest(Decision).plan  # type: ignore[union-attr]
    return case


def results(case: Case) -> list[ActionResult]:
    """Return the results of the actions, in order."""
    return [trial.action.result for trial in case.trials]


async def test_a_plan_waits_tells_how_to_approve_it_and_needs_a_human() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)

    text = prose_of(world.forge.written[case.issue][-1].body)
    assert f"`/sre approve {case.plan}`" in text
    assert NEEDS_HUMAN in case.labels
    assert world.starts["policy-service"] == 1


async def test_a_plan_is_carried_out_once_somebody_who_may_write_approves_it() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)
    world.says(case.issue, f"/sre approve {case.plan}\n")

    case = await world.play(case.issue)

    assert results(case) == [ActionResult.DONE]
    assert case.recovered
    approval = case.trials[0].action.guardrails[-1]
    assert (approval.rule, approval.allowed) == ("approval", True)
    assert "robin approved" in approval.reason


async def test_a_plan_is_carried_out_once_the_operators_key_signed_it() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)
    order = render_order(REPOSITORY, case.issue, "approve", case.plan, world.keys[OPERATOR])
    world.says(case.issue, order, "anybody")

    assert results(await world.play(case.issue)) == [ActionResult.DONE]


@pytest.mark.parametrize(
    ("who", "body", "edited"),
    [
        ("mallory", "/sre approve {plan}", False),
        ("robin", "/sre approve {plan}", True),
        ("robin", "please /sre approve {plan}", False),
        ("robin", "/sre approve {plan}\nand more", False),
        ("robin", "> /sre approve {plan}", False),
        ("robin", "/sre approve 000000000000", False),
        ("robin", "MITIGATION: RESTART policy-service", False),
        ("sre", "/sre approve {plan}", False),
    ],
    ids=["may not write", "edited", "words before", "words after", "quoted", "another plan", "no command", "an agent"],
)
async def test_nothing_else_approves_a_plan(who: str, body: str, edited: bool) -> None:
    world = World(autonomy=Autonomy.APPROVE, writers=frozenset({"robin", "sre"}))
    case = await planned(world)
    world.says(case.issue, body.format(plan=case.plan), who, edited)

    assert results(await world.play(case.issue, 20)) == []
    assert world.starts["policy-service"] == 1


async def test_an_order_for_another_issue_or_repository_or_by_another_key_is_text() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)
    key = world.keys[OPERATOR]
    for repository, issue, signer in (
        (REPOSITORY, case.issue + 1, key),
        ("stranger/fork", case.issue, key),
        (REPOSITORY, case.issue, Key(OPERATOR)),
        (REPOSITORY, case.issue, world.keys["brain"]),
    ):
        world.says(case.issue, render_order(repository, issue, "approve", case.plan, signer))

    assert results(await world.play(case.issue, 20)) == []


async def test_a_plan_that_nobody_approves_in_time_is_left_to_a_person_and_a_late_approval_changes_nothing() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)
    await world.clock.sleep(1801)
    plan = case.plan
    case = await world.play(case.issue, 20)
    assert results(case) == [ActionResult.REFUSED, ActionResult.ESCALATED]
    world.says(case.issue, f"/sre approve {plan}")

    case = await world.play(case.issue, 20)

    assert results(case) == [ActionResult.REFUSED, ActionResult.ESCALATED]
    assert world.starts["policy-service"] == 1


async def test_an_approval_of_the_first_plan_does_not_approve_the_second() -> None:
    world = World(autonomy=Autonomy.APPROVE, stubborn={"policy-service"})
    case = await planned(world)
    world.says(case.issue, f"/sre approve {case.plan}")
    case = await world.play(case.issue, 200)

    assert world.starts["policy-service"] == 2
    assert results(case) == [ActionResult.DONE]
    assert isinstance(case.last.payload, Decision)  # of another life: a plan of its own
    assert case.last.payload.plan


async def test_a_rejected_plan_is_not_carried_out_and_not_proposed_again() -> None:
    world = World(autonomy=Autonomy.APPROVE)
    case = await planned(world)
    world.says(case.issue, f"/sre reject {case.plan}")

    case = await world.play(case.issue, 20)

    assert results(case) == [ActionResult.FAILED, ActionResult.ESCALATED]
    assert world.starts["policy-service"] == 1


async def test_stop_leaves_the_incident_to_people_also_where_the_doctor_is_autonomous() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    world.says(number, "/sre stop")

    case = await world.play(number, 20)

    assert results(case) == [ActionResult.ESCALATED]
    assert "robin said stop" in case.trials[0].action.detail
    assert world.starts["policy-service"] == 1


async def test_the_halt_label_on_any_open_incident_halts_at_the_next_poll_and_stays() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    await world.forge.set_labels(number, (*(await world.case(number)).labels, HALT))
    assert halt_on_label(world)(await world.incidents.open_cases())

    case = await world.play(number, 20)

    assert world.halted()
    assert world.starts["policy-service"] == 1
    assert HALT in case.labels


async def test_without_the_label_a_poll_halts_nothing() -> None:
    world = World()
    world.dead = {"policy-service"}
    await world.detect()
    halt_on_label(world)(await world.incidents.open_cases())

    assert not world.halted()


@pytest.mark.parametrize("body", ["/sre approve 0123456789ab", " /sre stop\n"])
def test_a_command_is_the_whole_comment(body: str) -> None:
    assert parse_command(body) is not None
    assert parse_command(f"{body} now") is None
    assert parse_order(body) is None
