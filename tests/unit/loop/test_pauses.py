"""An agent, or the whole machine, that stands still anywhere in an incident: nothing is concluded from before."""

from collections.abc import Callable

import pytest
from support.matrix import matrix
from support.world import DESIRED, QUOTE_FILE, SECOND, Fault, World, diagnosis

from sre_space.analysis.detection.burn_rate import Budget
from sre_space.domain.case import Case
from sre_space.domain.configuration import SPACE_FILE
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, ActionResult, Agent, Decision, Outcome, Recall, Step, Verification
from sre_space.domain.symptoms import SymptomKind

POLICY = "policy-service"
STEPS = [Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE]


def a_space(dead: str = POLICY) -> World:
    """One that has watched a healthy application, with a budget whose hours are minutes, and a service that dies."""
    world = World(counts=True)
    world.detectors.journeys["buy"].budget = Budget("buy", scale=1 / 60)
    world.dead = {dead}
    return world


async def until(world: World, number: int, step: Step) -> Case:
    """Let the agents work until a step is recorded, and return the case right after that."""
    for _ in range(400):
        for agent in Agent:
            if (case := await world.case(number)).fact_of(step) is not None:
                return case
            await world.turn(number, agent)
        await world.clock.sleep(0.25)
    raise AssertionError(f"{step} was not recorded")


async def go_on(world: World, seconds: float) -> None:
    """All agents work on everything that is open, and open what they find."""
    for _ in range(int(seconds * 4)):
        await world.clock.sleep(0.25)
        if not world.clocks[Agent.SCOUT].stopped_at:
            opened = await world.opener.open_missing(world.scout.detections())
            for detection in opened.values():
                world.scout.opened(detection)
        if any(one.state == "open" for one in world.forge.found):
            for case in await world.incidents.open_cases():
                await world.turn(case.issue)


def verdicts(case: Case) -> list[Outcome]:
    """Return the outcomes that Scout measured, in order."""
    return [one.outcome for one in case.payloads if isinstance(one, Verification)]


async def assert_healed_once(world: World, case: Case) -> None:
    """One incident, one restart, one verdict, and the lesson that it helped."""
    assert verdicts(case) == [Outcome.RECOVERED]
    assert [one.detection.key for one in await _all(world)] == [f"infrastructure/{POLICY}"]
    assert world.starts[POLICY] == 2
    (lesson,) = world.lessons.values()
    assert "helped" in lesson.text
    assert "did not help" not in lesson.text


async def _all(world: World) -> list[Case]:
    return list(await world.incidents.touched(0))


@pytest.mark.parametrize("after", matrix(STEPS))
@pytest.mark.parametrize(
    ("agent", "seconds"), [(Agent.SCOUT, 3), (Agent.SCOUT, 120), *((agent, 27) for agent in Agent)]
)
async def test_an_agent_that_stands_still_after_any_step_costs_time_only(
    agent: Agent, seconds: int, after: Step
) -> None:
    world = a_space()

    number = await world.detect()
    await until(world, number, after)
    world.stop(agent)
    await go_on(world, seconds)
    world.go_on()
    await go_on(world, 60)
    await assert_healed_once(world, await world.case(number))


@pytest.mark.parametrize("seconds", [3, 30, 600])
@pytest.mark.parametrize("after", matrix(STEPS[:5]))
async def test_a_machine_that_is_suspended_after_any_step_costs_time_only(after: Step, seconds: int) -> None:
    world = a_space()

    number = await world.detect()
    await until(world, number, after)
    world.suspend(seconds)
    await go_on(world, 60)
    await assert_healed_once(world, await world.case(number))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("after", [Step.DECIDE, Step.ACT])
async def test_a_right_revert_is_not_taken_back_for_a_pause(whole: bool, after: Step) -> None:
    world = World(doomed={POLICY: lambda values: values["POLICY_SERVICE_MEMORY_BYTES"] == "40"})

    bad = world.git.person_commits(SPACE_FILE, "MEMORY_BYTES=400", "MEMORY_BYTES=40")
    world.diagnoses = lambda _: diagnosis(POLICY, CauseKind.BAD_CHANGE, bad)
    number = await world.detect()
    await until(world, number, after)
    if whole:
        world.suspend(30)
    else:
        world.stop(Agent.SCOUT)
        await go_on(world, 27)
        world.go_on()
    await go_on(world, 90)
    case = await world.case(number)

    assert verdicts(case) == [Outcome.RECOVERED]
    assert not any(trial.undo for trial in case.trials)
    assert not case.is_open


async def test_a_service_that_is_healthy_after_the_pause_has_no_outage_of_before_it() -> None:
    world = World()

    world.stop(Agent.SCOUT)
    world.dead = {POLICY}
    await world.clock.sleep(10)
    world.dead = set()
    world.go_on()
    await go_on(world, 30)
    world.dead = {POLICY}
    await world.clock.sleep(0.25)
    await world.clock.sleep(0.25)
    world.suspend(10)  # two failures, and the third would be one after it
    world.dead = set()
    await go_on(world, 30)

    assert await _all(world) == []


async def test_a_service_that_died_while_scout_stood_still_is_found_at_once_and_is_one_incident() -> None:
    world = a_space()
    world.dead = set()

    async def story() -> tuple[Case, int]:
        await go_on(world, 10)
        world.stop(Agent.SCOUT)
        world.dead = {POLICY}
        await go_on(world, 27)
        world.go_on()
        resumed = world.clock.now()
        await go_on(world, 120)
        (case,) = await _all(world)
        return case, case.chain[0].fact.at - resumed

    case, seconds = await story()

    assert seconds <= SECOND
    assert case.detection.since - case.detection.begun >= 26 * SECOND
    await assert_healed_once(world, case)


async def test_a_deaf_scout_opens_no_second_incident_for_what_it_hears_late() -> None:
    world = a_space()

    number = await world.detect()
    await until(world, number, Step.ACT)
    late, world.unheard = world.unheard, []
    await go_on(world, 60)
    world.unheard += late
    await go_on(world, 60)
    await assert_healed_once(world, await world.case(number))


async def test_two_pauses_in_a_row_do_not_keep_scout_from_a_verdict() -> None:
    world = a_space()
    world.stubborn = {POLICY}

    number = await world.detect()
    await until(world, number, Step.ACT)
    for _ in range(6):
        await go_on(world, 6)
        world.suspend(3)
    assert verdicts(await world.case(number))[0] is Outcome.NOT_RECOVERED


@pytest.mark.parametrize("kind", [SymptomKind.LATENCY, SymptomKind.ERROR, SymptomKind.CONVERSION, SymptomKind.SLO])
async def test_what_telemetry_told_before_a_pause_is_no_verdict_after_it(kind: SymptomKind) -> None:
    world = World(faults=[Fault(kind, POLICY, lambda values: values["DOWNSTREAM_ATTEMPTS"] == "1")])
    world.diagnoses = lambda _: diagnosis(POLICY, CauseKind.ERROR)

    number = await world.report(kind, POLICY)
    await until(world, number, Step.ACT)
    world.suspend(70)
    await go_on(world, 90)
    case = await world.case(number)

    assert verdicts(case) == [Outcome.RECOVERED]
    assert DESIRED[QUOTE_FILE] != world.running[QUOTE_FILE].decode()


def once(world: World, what: str, happens: Callable[[], None]) -> Callable[[str], None]:
    """While this is asked for, the machine is suspended for 20 s, and something happens; the first time only."""
    left = [happens]

    def asked(call: str) -> None:
        if call == what and left:
            world.suspend(20)
            left.pop()()

    return asked


async def test_a_probe_that_timed_out_in_a_pause_restarts_nobody() -> None:
    world = World(diagnoses=lambda _: diagnosis(POLICY, CauseKind.HANG))
    world.restarted_at[POLICY] = 1  # the runtime says that it runs

    world.dead = {POLICY}
    number = await world.detect()
    await until(world, number, Step.DECIDE)
    world.asked = once(world, world.config.services[POLICY].health.target, world.dead.clear)
    await go_on(world, 60)
    case = await world.case(number)

    assert [one.result for one in case.payloads if isinstance(one, Action)] == [ActionResult.CLEARED]
    assert world.starts[POLICY] == 1
    assert case.recovered


async def test_what_allowed_a_merge_before_a_pause_is_asked_again_after_it() -> None:
    ill = [True]
    world = World(faults=[Fault(SymptomKind.ERROR, POLICY, lambda _: ill[0])])
    world.diagnoses = lambda _: diagnosis(POLICY, CauseKind.ERROR)

    number = await world.report(SymptomKind.ERROR, POLICY)
    await until(world, number, Step.DECIDE)
    world.git.asked = once(world, "checks", lambda: ill.__setitem__(0, False))
    await go_on(world, 60)
    case = await world.case(number)

    assert [one.result for one in case.payloads if isinstance(one, Action)] == [ActionResult.CLEARED]
    assert world.running[QUOTE_FILE].decode() == DESIRED[QUOTE_FILE]


@pytest.mark.parametrize("what", ["traces", "http://policy-service:80/health"])
async def test_what_brain_asked_before_a_pause_is_no_decision_after_it(what: str) -> None:
    world = World()

    world.dead = {POLICY}
    number = await world.detect()
    await until(world, number, Step.RECALL)
    suspended = world.clock.now()
    world.asked = once(world, what, lambda: None)
    assert not await world.turn(number, Agent.BRAIN)
    assert world.clock.now() - suspended >= 20 * SECOND
    await go_on(world, 60)
    case = await world.case(number)

    assert [one.fact.attempt for one in case.chain if one.fact.step is Step.DECIDE] == [1]
    assert case.recovered


async def test_memory_has_its_two_seconds_whatever_stood_still() -> None:
    world = World()

    world.dead = {POLICY}
    number = await world.detect()
    world.suspend(30)
    await world.turn(number, Agent.BRAIN, Agent.MEMORY)
    case = await world.case(number)

    assert case.latest(Recall) is not None
    assert case.latest(Decision) is None


@pytest.mark.parametrize("step", [Step.VERIFY, Step.ACT])
async def test_a_judgement_that_could_not_be_recorded_before_a_pause_is_made_anew_and_a_deed_is_told(
    step: Step,
) -> None:
    world = World()

    world.dead = {POLICY}
    number = await world.detect()
    before = {Step.VERIFY: Step.ACT, Step.ACT: Step.DECIDE}[step]
    await until(world, number, before)
    while not world.pending:
        await world.clock.sleep(0.25)
        case, agent = await world.case(number), {Step.VERIFY: Agent.SCOUT, Step.ACT: Agent.FIXER}[step]
        await world.runners[agent]._perform(case, step)
    world.suspend(30)
    await go_on(world, 60)
    case = await world.case(number)
    at, (began, resumed) = case.fact_of(step), _paused(world)

    assert at is not None
    assert at.at >= resumed if step is Step.VERIFY else at.at <= began
    assert case.recovered
    assert world.starts[POLICY] == 2


def _paused(world: World) -> tuple[int, int]:
    (pause,) = world.clocks[Agent.SCOUT].own.since_start
    return pause.since, pause.until


async def test_an_outage_that_was_seen_before_a_pause_is_not_opened_after_it() -> None:
    world = World()

    def suspends() -> bool:
        if not world.clocks[Agent.SCOUT].own.since_start:
            world.suspend(10)
            world.dead.clear()
        return False

    world.dead = {POLICY}
    for _ in range(3):
        await world.clock.sleep(0.25)
    world.forge.fails = suspends
    assert world.scout.detections()
    await world.opener.open_missing(world.scout.detections())
    await go_on(world, 10)

    assert not world.forge.found


async def test_a_call_that_the_forge_missed_right_after_a_pause_calls_nobody() -> None:
    world = World()

    world.dead, world.forge.down = {POLICY}, True
    for _ in range(4):
        await world.clock.sleep(0.25)
        await world.opener.open_missing(world.scout.detections())
    world.suspend(600)
    for _ in range(8):
        await world.clock.sleep(0.25)
        await world.opener.open_missing(world.scout.detections())

    assert not world.notes
