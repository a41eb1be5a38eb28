"""How the agents' repairs are counted."""

from dataclasses import replace

import pytest
from support.world import SECOND, World

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation.repairs import Repair, row, score
from sre_evaluation.rounds import Round
from sre_space.domain.case import Case
from sre_space.domain.facts import Decision
from sre_space.domain.space_config import Autonomy


async def healed(stubborn: bool = False, autonomy: Autonomy = Autonomy.AUTONOMOUS) -> Case:
    """Return the incident of a killed policy-service after the four agents of a world in memory handled it."""
    world = World(autonomy)
    world.dead = {"policy-service"}
    world.stubborn = {"policy-service"} if stubborn else set()
    return await world.play(await world.detect(), 400)


def repair(name: str, *cases: Case, healthy: bool = True, closed: bool = True) -> Repair:
    """Return a round in which policy-service was hit a second before its first incident."""
    at = cases[0].chain[0].fact.at - SECOND if cases else 100 * SECOND
    return Repair(Round(EXPERIMENTS[name], "policy-service", at, cases, healthy, closed, failed=3))


@pytest.mark.anyio
async def test_a_fault_that_ends_well_by_the_right_remedy_is_recovered() -> None:
    one = repair("kill", await healed())

    assert (one.recovered, one.right_service, one.right_first, one.wrong, one.undone) == (True, True, True, 0, 0)
    assert one.seconds is not None
    assert 1 < one.seconds < 60
    assert str(score([one, repair("busy-day")])) == "recovered 1/1, wrong 0, on controls 0"
    assert score([one]).good


@pytest.mark.anyio
async def test_a_recovery_that_customers_do_not_see_or_with_an_incident_left_is_none() -> None:
    case = await healed()

    assert not repair("kill", case, healthy=False).recovered
    assert not repair("kill", case, await healed(stubborn=True)).recovered
    assert not repair("kill").recovered


@pytest.mark.anyio
async def test_the_first_diagnosis_counts_whatever_is_thought_after_its_remedy_failed() -> None:
    case = await healed(stubborn=True)
    first, *_, last = (entry for entry in case.chain if isinstance(entry.fact.payload, Decision))
    assert isinstance(last.fact.payload, Decision)
    no_cause = replace(last.fact.payload.diagnosis, causes=())
    doubtful = replace(last, fact=replace(last.fact, payload=replace(last.fact.payload, diagnosis=no_cause)))

    assert first is not last
    assert repair(
        "kill", replace(case, chain=(*(one for one in case.chain if one is not last), doubtful))
    ).right_service


@pytest.mark.anyio
async def test_what_does_not_help_is_wrong_and_anything_done_on_a_control_too() -> None:
    case = await healed()

    on_crash_loop = repair("crash-loop", case)
    assert (on_crash_loop.wrong, on_crash_loop.right_first) == (1, False)
    assert str(score([repair("busy-day", case)])) == "recovered 0/0, wrong 0, on controls 1"
    assert not score([repair("busy-day", case)]).good


@pytest.mark.anyio
async def test_where_only_a_person_can_help_asking_and_touching_nothing_is_right() -> None:
    case, asked = await healed(stubborn=True), await healed(autonomy=Autonomy.OBSERVE)
    only_people = replace(EXPERIMENTS["kill"], truth=replace(EXPERIMENTS["kill"].truth, remedies=("escalate",)))

    def run(one: Case, closed: bool) -> Repair:
        return Repair(replace(repair("kill", one, closed=closed).round, experiment=only_people))

    assert not run(case, closed=True).recovered
    assert run(asked, closed=True).escalated
    assert run(asked, closed=True).recovered
    assert run(asked, closed=True).right_first
    assert not run(asked, closed=False).recovered


@pytest.mark.anyio
async def test_a_row_tells_counts_intervals_and_times() -> None:
    case = await healed()
    told = row("kill", [repair("kill", case), repair("kill", case), repair("kill")])

    assert told["recovered"] == "2/3"
    assert told["95 %"] == "21% to 94%"
    assert told["right first"] == "2/3"
    assert told["journeys failed"] == "3"
    assert told["done"] == "restart"
    assert row("busy-day", [repair("busy-day", case)])["done"] == "1"
