"""A Scout that is killed in an incident, and reads nothing back, reaches the verdicts that it would have reached."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from support.matrix import matrix
from support.seen_world import LEARNT_S, SeenWorld, Sick
from support.world import QUOTE_FILE, SECOND, Fault, Values, World, diagnosis

from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind
from sre_space.domain.facts import Action, Agent, Outcome, Verification
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind

Until = Callable[[Case], bool]
SLOW, FAILING = Sick(way_ms=600), Sick(fails=0.4)
MOMENTS: dict[str, Until | None] = {
    "after-detection": lambda _: True,
    "after-the-action": lambda case: case.latest(Action) is not None,
    "after-a-verdict": lambda case: case.latest(Verification) is not None,
    "never": None,
}


async def found(sick: Sick) -> tuple[SeenWorld, int]:
    """Let Scout learn what is usual, and then find a fault."""
    world = SeenWorld()
    await world.go(LEARNT_S)
    world.sick = sick
    return world, await world.found()


async def played(sick: Sick, until: Until | None = None) -> Case:
    """Play an incident to its end; Scout is killed once, at the first moment at which `until` holds."""
    world, number = await found(sick)
    while until and not until(await world.case(number)):
        await world.turn(number)
        await world.clock.sleep(0.25)
    if until:
        await world.restart_scout()
    return await world.case_of(number)


def verdicts(case: Case) -> list[Outcome]:
    """Return the outcomes of the verifications, in order."""
    return [payload.outcome for payload in case.payloads if isinstance(payload, Verification)]


@pytest.mark.parametrize("moment", matrix(MOMENTS))
@pytest.mark.parametrize(
    ("sick", "expected"), [(SLOW, [Outcome.RECOVERED]), (FAILING, [Outcome.IMPROVED])], ids=["slow", "failing"]
)
async def test_a_scout_reaches_the_same_verdicts_whenever_it_is_killed(
    sick: Sick, expected: list[Outcome], moment: str
) -> None:
    assert verdicts(await played(sick, MOMENTS[moment])) == expected


@pytest.mark.parametrize(("served_s", "anew"), [(-8, False), (0, False), (3, True)])
async def test_a_killed_scout_knows_by_the_spans_whether_the_service_served_after_the_action(
    served_s: int, anew: bool
) -> None:
    world = World()
    world.dead = world.stubborn = {"policy-service"}
    number = await world.detect()
    while (await world.case(number)).latest(Action) is None:
        await world.turn(number)
        await world.clock.sleep(0.25)
    second = (await world.case(number)).last.at // SECOND + served_s
    for _ in range(20):
        await world.clock.sleep(0.25)
    await world.restart_scout()
    served = {(Operation("policy-service", SpanKind.SERVER, "POST /policies"), second): Sketch()}
    world.detectors.operations.add(served, world.clock.now())  # which it reads back
    while (await world.case(number)).latest(Verification) is None:
        await world.turn(number, Agent.SCOUT)
        await world.clock.sleep(0.25)

    verdict = (await world.case(number)).latest(Verification)
    assert verdict is not None
    assert verdict.anew == anew


@pytest.mark.parametrize("sick", [SLOW, FAILING], ids=["slow", "failing"])
async def test_a_killed_scout_sees_the_symptom_by_what_the_fact_says_is_usual(sick: Sick) -> None:
    world, number = await found(sick)
    symptom = (await world.case(number)).detection.symptoms[0]
    assert symptom.usual is not None
    await world.restart_scout()

    await world.turn(number)
    assert symptom.identity in world.detectors.unknown
    await world.go(15)

    assert not world.detectors.unknown
    assert symptom.identity in world.detectors.active_symptoms.seen
    assert world.detectors.active_symptoms.strength_of(symptom) == pytest.approx(symptom.value, abs=0.2)


async def test_without_what_was_usual_a_killed_scout_does_not_know_and_says_so() -> None:
    world, number = await found(SLOW)
    symptom = (await world.case(number)).detection.symptoms[0]
    await world.restart_scout()
    incident = world.detectors.open_incidents.open[f"latency/{symptom.service}"]
    world.detectors.open_incidents.open[incident.key] = replace(incident, symptoms=(replace(symptom, usual=None),))

    await world.go(15)

    assert world.detectors.unknown == (symptom.identity,)
    assert not world.detectors.active_symptoms.seen


async def twice_changed(fails: Callable[[Values], float], strength: Sequence[float], killed: bool) -> Case:
    """Play an incident whose first change stays in force and is followed by a second one.

    `fails` is the share of visits that fail, `strength` that of the symptom before and after each change. Scout is
    killed after its first verdict.
    """
    world = World()
    world.git.person_commits(QUOTE_FILE, "ONLINE_LIMIT", "RISK_FALLBACK=none\nONLINE_LIMIT")
    world.faults = [Fault(SymptomKind.ERROR, "policy-service", lambda _: True, fails)]
    kinds = {1: CauseKind.SLOW_NETWORK}
    world.diagnoses = lambda case: diagnosis("policy-service", kinds.get(len(case.chain) - 1, CauseKind.ERROR))
    for _ in range(80):
        await world.clock.sleep(0.25)
    number, case = await world.report(SymptomKind.ERROR, "policy-service", strength[0]), None
    while case is None or len(verdicts(case)) < 2:
        await world.turn(number)
        await world.clock.sleep(0.25)
        case, before = await world.case(number), case
        changes = sum(trial.action.changed for trial in case.trials)
        if killed and verdicts(case) and before and not verdicts(before):
            await world.restart_scout()
            world.has_watched()
        world.detectors.active_symptoms.strength["error/policy-service"] = strength[changes]
    return case


@pytest.mark.parametrize("killed", [False, True], ids=["lives", "killed"])
async def test_a_verdict_on_a_second_change_compares_with_the_strength_that_the_first_one_left(killed: bool) -> None:
    halved_twice = await twice_changed(lambda _: 0.3, (0.8, 0.4, 0.2), killed)
    halved_once = await twice_changed(lambda _: 0.3, (0.8, 0.4, 0.4), killed)

    assert verdicts(halved_twice) == [Outcome.IMPROVED, Outcome.IMPROVED]
    assert verdicts(halved_once) == [Outcome.IMPROVED, Outcome.NOT_RECOVERED]
    assert [one.strength for one in halved_twice.payloads if isinstance(one, Verification)] == [0.4, 0.2]


@pytest.mark.parametrize("killed", [False, True], ids=["lives", "killed"])
async def test_a_verdict_on_a_second_change_compares_with_the_journey_that_the_first_one_left(killed: bool) -> None:
    def eased_once(values: Values) -> float:
        return 0.3 if values["RISK_FALLBACK"] == "standard" else 0.9

    def then_harmed(values: Values) -> float:
        return 1.0 if values["DOWNSTREAM_ATTEMPTS"] == "5" else eased_once(values)

    strong = (0.8, 0.8, 0.8)

    assert verdicts(await twice_changed(eased_once, strong, killed)) == [Outcome.IMPROVED, Outcome.NOT_RECOVERED]
    assert verdicts(await twice_changed(then_harmed, strong, killed)) == [Outcome.IMPROVED, Outcome.WORSE]


async def test_customers_are_counted_on_in_the_incident_of_their_own_detector_only() -> None:
    world = World()
    counted, conversion = [], world.detectors.journeys["buy"].conversion
    assert conversion is not None

    def look() -> None:
        world.detectors.evaluate(world.clock.now())
        counted.append(conversion.in_incident)

    await world.report(SymptomKind.ERROR, "policy-service")
    look()
    await world.report(SymptomKind.CONVERSION, "buy")
    look()
    for _ in range(2):  # the first answer may be older than the incidents
        world.detectors.open_incidents.refresh([], world.clock.now())
    look()

    assert counted == [False, True, False]
