"""Several services end at once, one ends again, one ends amid something else: each is restarted, callees first."""

from collections.abc import Callable, Mapping

import pytest
from support.world import SECOND, SERVICES, Fault, World, diagnosis

from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Undo, Verification
from sre_space.domain.remedies import Restart, SetConfig
from sre_space.domain.space_config import Autonomy
from sre_space.domain.symptoms import SymptomKind

Happening = Callable[[World], None]


def kills(*names: str) -> Happening:
    """Those services end."""

    def kill(world: World) -> None:
        world.dead |= set(names)

    return kill


async def lived(world: World, happenings: Mapping[float, Happening], seconds: float = 60) -> list[Case]:
    """Everything that happens within so many seconds, each at its own second; the incidents, oldest first."""
    begun, left = world.clock.now(), sorted(happenings.items())
    while world.clock.now() - begun < seconds * SECOND:
        while left and world.clock.now() - begun >= left[0][0] * SECOND:
            left.pop(0)[1](world)
        for detection in (await world.opener.open_missing(world.scout.detections())).values():
            world.scout.opened(detection)
        for case in await world.incidents.open_cases():
            await world.turn(case.issue)
        await world.clock.sleep(0.1)
    return [await world.case(issue.number) for issue in world.forge.found]


def restarted(world: World) -> list[str]:
    """Return the services in the order of their restarts."""
    return [name for name, _ in world.restarts]


@pytest.mark.parametrize("apart", [0.0, 0.9, 3.0])
@pytest.mark.parametrize("pair", [("policy-service", "user-service"), ("policy-service", "quote-service"),
                                  ("quote-service", "user-service")])  # fmt: skip
async def test_two_services_that_end_are_two_incidents_and_each_is_restarted_once(
    apart: float, pair: tuple[str, str]
) -> None:
    world = World()
    cases = await lived(world, {1: kills(pair[0]), 1.01 + apart: kills(pair[1])}, 40)

    assert sorted(restarted(world)) == sorted(pair)
    assert [case.is_open for case in cases] == [False, False]
    assert {case.detection.symptoms[0].service for case in cases} == set(pair)
    assert world.notes == []
    if (not apart or pair[0] == "policy-service") and "quote-service" in pair:  # else it was decided before
        assert restarted(world)[-1] == "quote-service"


@pytest.mark.parametrize("apart", [0.0, 0.3, 0.9])
async def test_the_whole_application_is_restarted_callees_first(apart: float) -> None:
    world = World()
    happenings = {1 + apart * number: kills(name) for number, name in enumerate(reversed(SERVICES))}
    cases = await lived(world, happenings if apart else {1: kills(*SERVICES)}, 60)

    assert sorted(restarted(world)) == sorted(SERVICES)
    assert restarted(world)[-1] == "quote-service"
    assert len(cases) == 3
    assert not any(case.is_open for case in cases)
    assert world.notes == []


async def test_the_caller_does_not_wait_for_a_callee_that_is_left_to_a_person() -> None:
    world = World()
    services = dict(world.config.services)
    object.__setattr__(services["policy-service"], "autonomy", Autonomy.OBSERVE)
    await lived(world, {1: kills("policy-service", "quote-service")}, 10)

    assert restarted(world) == ["quote-service"]


@pytest.mark.parametrize("times", [1, 2, 4])
async def test_a_service_that_ends_again_after_it_served_is_restarted_again_within_its_budget(times: int) -> None:
    world = World()
    happenings = {1 + 4.5 * number: kills("policy-service") for number in range(times + 1)}
    cases = await lived(world, happenings, 60)

    assert restarted(world) == ["policy-service"] * (times + 1)
    assert not any(case.is_open for case in cases)
    assert world.notes == []


async def flapping(world: World, serves_s: float, seconds: float) -> list[Case]:
    """Return the cases after so many seconds in which policy-service ends `serves_s` after each start."""
    begun_at, starts = world.clock.now(), 0

    def look(world: World) -> None:
        nonlocal begun_at, starts
        if world.starts["policy-service"] != starts:
            starts, begun_at = world.starts["policy-service"], world.clock.now()
        if world.clock.now() - begun_at >= serves_s * SECOND:
            world.dead |= {"policy-service"}

    happenings = {number / 10: look for number in range(int(seconds * 10))}
    return await lived(world, happenings, seconds)


async def test_a_crash_loop_that_nothing_explains_ends_with_a_person_when_the_budget_is_used() -> None:
    world = World()
    (case,) = await flapping(world, 2.0, 60)

    decision = case.latest(Decision)
    assert restarted(world) == ["policy-service"] * world.config.guardrails.restarts_per_hour
    assert waits_for_people(case)
    assert decision is not None
    assert "6 of 6 used for policy-service (rule `restarts per hour`)" in decision.remedy.reason
    assert "policy-service: crash" in decision.remedy.reason
    assert "restarted 6 times in this incident and ended again each time" in decision.remedy.reason
    assert len(world.notes) == 1


async def test_a_service_that_never_serves_after_its_restarts_is_a_persons_after_the_attempts() -> None:
    world = World()
    world.stubborn = {"policy-service"}
    (case,) = await lived(world, {1: kills("policy-service")}, 120)

    decision = case.latest(Decision)
    assert len(world.restarts) == world.config.guardrails.attempts
    assert decision is not None
    assert (
        "3 attempts did not help; according to the runtime, this service has ended: policy-service"
        in decision.remedy.reason
    )


async def test_a_restarted_life_that_stays_silent_is_a_failed_remedy() -> None:
    world = World()
    world.stubborn = world.hanging = {"policy-service"}
    (case,) = await lived(world, {1: kills("policy-service")}, 60)

    assert restarted(world) == ["policy-service"]
    assert waits_for_people(case)


async def test_two_services_that_hang_at_once_are_left_to_a_person() -> None:
    world = World()
    world.hanging = {"policy-service", "user-service"}
    cases = await lived(world, {1: kills("policy-service", "user-service")}, 20)

    assert world.restarts == []
    assert all(waits_for_people(case) for case in cases)


async def test_a_service_that_ends_while_another_incident_waits_for_a_person_is_restarted() -> None:
    world = World()
    world.diagnoses = lambda case: (
        diagnosis("quote-service", CauseKind.UNKNOWN)
        if case.detection.symptoms[0].kind is SymptomKind.LATENCY
        else None
    )
    world.faults = [Fault(SymptomKind.LATENCY, "quote-service", lambda _: True, lambda _: 0.0)]
    first = await world.report(SymptomKind.LATENCY, "quote-service")
    await lived(world, {10: kills("quote-service", "policy-service")}, 40)

    assert waits_for_people(await world.case(first))
    assert restarted(world) == ["policy-service", "quote-service"]
    assert [issue.state for issue in world.forge.found] == ["open", "closed", "closed"]


async def test_a_kill_while_a_change_is_verified_does_not_take_the_right_change_back() -> None:
    async def story() -> None:
        world = World()
        world.diagnoses = lambda case: (
            diagnosis("policy-service", CauseKind.ERROR) if case.latest(Action) is None else None
        )
        sick = Fault(SymptomKind.ERROR, "quote-service", lambda values: values["DOWNSTREAM_ATTEMPTS"] == "1")
        world.faults = [sick]
        number = await world.report(SymptomKind.ERROR, "quote-service")
        happened = False

        def kill(world: World) -> None:
            nonlocal happened
            changed = world.values["DOWNSTREAM_ATTEMPTS"] == "5"
            if changed_at[0] and not happened and world.clock.now() - changed_at[0] > 7 * SECOND:
                happened, world.dead = True, {"quote-service"}
            if changed and not changed_at[0]:
                changed_at[0] = world.clock.now()

        changed_at = [0]
        await lived(world, {second / 4: kill for second in range(200)}, 60)
        case = await world.case(number)

        assert happened
        assert case.latest(Undo) is None
        assert world.values["DOWNSTREAM_ATTEMPTS"] == "5"
        remedies = [type(one.remedy) for one in case.payloads if isinstance(one, Action)]
        verdicts = [one.outcome for one in case.payloads if isinstance(one, Verification)]
        assert (remedies, verdicts) == ([SetConfig, Restart], [Outcome.UNDECIDED, Outcome.RECOVERED])

    await story()


async def test_a_service_that_ends_as_another_ones_incident_ends_has_its_own() -> None:
    async def story() -> None:
        world = World()
        happened = False

        def kill(world: World) -> None:
            nonlocal happened
            board = world.board["policy-service"]
            if not happened and world.restarts and world.clock.now() - board.healthy_since >= 7 * SECOND:
                happened, world.dead = True, {"quote-service"}

        await lived(world, {1: kills("policy-service"), **{second / 10 + 2: kill for second in range(300)}}, 60)

        assert happened
        assert restarted(world) == ["policy-service", "quote-service"]
        assert [issue.state for issue in world.forge.found] == ["closed", "closed"]

    await story()


async def test_what_refused_and_what_has_ended_are_told_to_the_person() -> None:
    world = World(autonomy=Autonomy.OBSERVE)
    cases = await lived(world, {1: kills("policy-service", "user-service")}, 10)

    for case in cases:
        decision, action = case.latest(Decision), case.latest(Action)
        name = case.detection.symptoms[0].service
        assert decision is not None
        assert action is not None
        assert action.result is ActionResult.ESCALATED
        assert f"MITIGATION: RESTART {name} was refused: {name} is observe" in decision.remedy.reason
        assert f"{name}: crash" in decision.remedy.reason
