"""Scout's report: every kind of detector in each of its states, and what overrules what it says of itself."""

from dataclasses import replace

import pytest
from support.world import SECOND, World

from sre_space.agents.scout.health import SUCCESSES_TO_CLEAR, ServiceHealth
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.saturation_detector import NO_SAMPLE
from sre_space.analysis.detection.cohorts import Cohort
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source
from sre_space.analysis.detection.operations import ALL, NO_REQUEST
from sre_space.analysis.detection.saturation import FULL, WARM_UP_NS, Resource
from sre_space.analysis.detection.share_alarm import SILENCE_NS
from sre_space.analysis.detection.telemetry_health import Feed
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, MeasureUnit, VerificationReport
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind
from sre_space.ports.probe import Health

ISSUE = Operation("policy-service", SpanKind.SERVER, "POST /policies")
REQUESTS = f"server {ALL}"
MS = 10**6
GOOD, BAD = Health(True, True, "200", 0.0), Health(False, False, "no connection", 0.0)
OK, FIRING, LEARNING = DetectorState.OK, DetectorState.FIRING, DetectorState.LEARNING
INHIBITED, UNKNOWN, BLIND = DetectorState.INHIBITED, DetectorState.UNKNOWN, DetectorState.BLIND


class Ward:
    """The detectors of a world whose telemetry a test writes, a second at a time."""

    def __init__(self) -> None:
        self.world = World()
        self.detectors = self.world.detectors
        self.reports = DetectorReports(self.detectors)
        self.second = self.world.clock.now() // SECOND + 1
        self.looks()

    @property
    def now(self) -> int:
        """Half a second after the newest second, and the look that follows."""
        return self.second * SECOND + SECOND // 2

    def plays(self, seconds: int, requests: int = 10, failed: int = 0, took: int = 5 * MS, bought: int = 9) -> None:
        """So many seconds of requests to policy-service and of customers."""
        for _ in range(seconds):
            sketch = Sketch()
            for number in range(requests):
                sketch.add(took, number < failed, number.to_bytes(16, "big"))
            self.detectors.operations.add({(ISSUE, self.second): sketch} if requests else {}, self.now)
            if requests:
                windows = self.detectors.inhibitions.confirmed()
                journey = self.detectors.journeys["buy"]
                assert journey.conversion is not None
                assert journey.budget is not None
                journey.conversion.evaluate([Cohort(self.second, requests, bought)], windows)
                journey.budget.add(self.now, requests - failed, failed)
            self.second += 1
            self.looks()

    def looks(self) -> None:
        """One look, with telemetry that is in time."""
        self.detectors.spans = Feed("otlp_spans", self.now, self.now)
        for health in self.world.board.values():
            health.update(GOOD, self.now)
        self.detectors.evaluate(self.now)

    def says(self) -> DetectorsReport:
        """Return the report of the detectors at the present time."""
        return self.reports.at(self.now)

    def of(self, kind: SymptomKind, subject: str = "policy-service", operation: str = "") -> DetectorReport:
        """One row of it."""
        found = self.says().of(kind, subject, operation)
        assert found is not None
        return found


def learnt() -> Ward:
    """Two healthy minutes."""
    ward = Ward()
    ward.plays(120)
    return ward


def work(ward: Ward, seconds: int = 20) -> Inhibition:
    """Announce a deployment of policy-service that begins now, and return its window."""
    window = Inhibition(ward.now, ward.now + seconds * SECOND, frozenset({"policy-service"}))
    ward.detectors.inhibitions.put(window)
    return window


def test_every_service_and_the_journey_have_their_detectors_from_the_first_second_on() -> None:
    report = Ward().says()

    listed = {(one.kind, one.operation) for one in report.detectors if one.subject == "user-service"}
    assert listed == {
        (SymptomKind.INFRASTRUCTURE, ""), (SymptomKind.LATENCY, REQUESTS), (SymptomKind.ERROR, REQUESTS),
        (SymptomKind.SATURATION, "memory"), (SymptomKind.SATURATION, "CPU"),
    }  # fmt: skip
    assert {one.kind for one in report.detectors if one.subject == "buy"} == {SymptomKind.CONVERSION, SymptomKind.SLO}
    assert len({one.identity for one in report.detectors}) == len(report.detectors)


def test_health_is_unknown_until_enough_probes_have_told() -> None:
    health = ServiceHealth("policy-service")
    assert (health.report().state, health.report().value) == (UNKNOWN, None)

    for number in range(SUCCESSES_TO_CLEAR):
        health.update(GOOD, (100 + number) * SECOND)
    assert health.report() == DetectorReport(
        SymptomKind.INFRASTRUCTURE, "policy-service", OK, since=100 * SECOND, value=0.0, threshold=0.5,
        unit=MeasureUnit.SECONDS,
    )  # fmt: skip

    health.update(BAD, 110 * SECOND)
    assert (health.report().state, health.report().why) == (UNKNOWN, "1 of 3 failed probes in a row")
    health.update(BAD, 111 * SECOND)
    health.update(BAD, 112 * SECOND)
    fired = health.report()
    assert (fired.state, fired.since, fired.value, fired.why) == (FIRING, 110 * SECOND, 2.0, "no connection")


@pytest.mark.parametrize("kind", [SymptomKind.LATENCY, SymptomKind.ERROR])
def test_an_operation_learns_then_is_well_and_without_requests_it_is_unknown(kind: SymptomKind) -> None:
    ward = Ward()
    assert (ward.of(kind, operation=REQUESTS).state, ward.of(kind, operation=REQUESTS).why) == (UNKNOWN, NO_REQUEST)

    ward.plays(60)
    young = ward.of(kind, operation=ISSUE.label)
    assert young.state is LEARNING
    assert young.why == "100 of 100 requests and 29 of 60 s are learnt"
    assert 25 * SECOND <= young.until - ward.now <= 45 * SECOND

    ward.plays(60)
    well = ward.of(kind, operation=ISSUE.label)
    assert (well.state, well.value, well.baseline) == (OK, 0.0, 0.0)
    assert well.threshold == pytest.approx(0.1 if kind is SymptomKind.LATENCY else 0.01, abs=0.01)
    since = well.since

    ward.plays(10)
    assert ward.of(kind, operation=ISSUE.label).since == since  # it has been so all the while

    ward.plays(SILENCE_NS // SECOND + 2, requests=0)
    silent = ward.of(kind, operation=ISSUE.label)
    assert (silent.state, silent.value) == (UNKNOWN, None)
    assert silent.why == "no request for 62 s"


def test_an_alarm_of_an_operation_fires_with_its_share_and_whom_it_accuses() -> None:
    ward = learnt()
    begun = ward.second * SECOND
    ward.plays(8, failed=5)

    failing, slow = (ward.of(kind, operation=ISSUE.label) for kind in (SymptomKind.ERROR, SymptomKind.LATENCY))

    assert (failing.state, failing.since, failing.value) == (FIRING, begun, 0.5)
    assert "usually none" in failing.why
    assert slow.state is OK
    assert slow.why == "slow is over 104 ms; the usual median is 5 ms"
    assert next(iter(ward.says().detectors)).state is FIRING


def test_what_went_away_fires_until_it_is_over() -> None:
    ward = learnt()
    ward.plays(8, failed=5)
    for watch in ward.detectors.operations.watches.values():
        for alarm in watch.alarms.values():
            alarm.forget()
    ward.plays(2)

    held = ward.of(SymptomKind.ERROR, operation=ISSUE.label)

    assert held.state is FIRING
    assert held.why.startswith("gone for 1 s, over after ")
    assert "error/policy-service" in ward.detectors.active_symptoms.seen


def test_a_resource_learns_while_its_process_is_young_and_is_unknown_without_samples() -> None:
    ward = learnt()
    assert (ward.of(SymptomKind.SATURATION, operation="memory").why) == NO_SAMPLE
    memory, begun = Resource("policy-service", "memory", 400.0), ward.now
    for half in range(2 * WARM_UP_NS // SECOND):
        ward.detectors.take_level(memory, begun + half * SECOND // 2, 100.0)
    ward.second += WARM_UP_NS // SECOND - 1

    young = ward.of(SymptomKind.SATURATION, operation="memory")
    assert (young.state, young.value, young.threshold) == (LEARNING, 0.25, FULL)
    assert young.until == begun + WARM_UP_NS

    ward.second += 1
    assert ward.of(SymptomKind.SATURATION, operation="memory").state is OK
    ward.second += 10
    gone = ward.of(SymptomKind.SATURATION, operation="memory")
    assert (gone.state, gone.value, gone.why) == (UNKNOWN, None, "no sample for 10 s")


def test_a_resource_at_its_limit_fires() -> None:
    ward = learnt()
    for half in range(20):
        ward.detectors.take_level(Resource("policy-service", "memory", 400.0), ward.now + half * SECOND // 2, 390.0)
    begun, ward.second = ward.now, ward.second + 10
    ward.looks()

    full = ward.of(SymptomKind.SATURATION, operation="memory")

    assert (full.state, full.since, full.value) == (FIRING, begun, 0.975)
    assert full.why == "memory is at 98% of its limit"


def test_conversion_is_unknown_then_learning_then_well_then_low() -> None:
    ward = Ward()
    assert ward.of(SymptomKind.CONVERSION, "buy").why == "no customer has asked yet"

    ward.plays(30)
    young = ward.of(SymptomKind.CONVERSION, "buy")
    assert (young.state, young.threshold, young.baseline) == (LEARNING, 0.5, None)
    assert young.until > ward.now

    ward.plays(90)
    well = ward.of(SymptomKind.CONVERSION, "buy")
    assert (well.state, well.value, well.baseline) == (OK, 0.9, 0.9)
    assert well.threshold == pytest.approx(0.8, abs=0.02)
    assert well.usual_low == pytest.approx(0.866, abs=0.01)
    assert well.usual_high == pytest.approx(0.934, abs=0.01)

    ward.plays(12, bought=0)
    low = ward.of(SymptomKind.CONVERSION, "buy")
    assert (low.state, low.value) == (FIRING, 0.0)

    ward.plays(70, requests=0)
    assert ward.of(SymptomKind.CONVERSION, "buy").why == "no customer has asked for 70 s"


def test_the_error_budget_is_unknown_without_attempts_and_fires_when_it_burns() -> None:
    ward = Ward()
    idle = ward.of(SymptomKind.SLO, "buy")
    assert (idle.state, idle.value, idle.threshold, idle.unit) == (UNKNOWN, None, 14.4, MeasureUnit.TIMES)

    ward.plays(30)
    assert (ward.of(SymptomKind.SLO, "buy").state, ward.of(SymptomKind.SLO, "buy").value) == (OK, 0.0)

    ward.plays(30, failed=1)
    burning = ward.of(SymptomKind.SLO, "buy")
    assert burning.state is FIRING
    assert (burning.value or 0) > 14.4
    assert ward.says().budgets["buy"] > 1


def test_planned_work_inhibits_those_that_it_touches_and_says_until_when() -> None:
    ward = learnt()
    window = work(ward)
    ward.plays(1)

    report = ward.says()

    told = {(one.subject, one.kind): one for one in report.detectors if one.state is INHIBITED}
    assert {subject for subject, _ in told} == {"policy-service", "quote-service", "buy"}  # quote-service calls it
    assert ("quote-service", SymptomKind.INFRASTRUCTURE) not in told  # only its own deployment takes it down
    one = told["policy-service", SymptomKind.ERROR]
    assert (one.why, one.since, one.until) == ("work on policy-service", window.since, window.until)
    assert [inhibition.source for inhibition in report.inhibitions] == ["work on policy-service"]

    ward.plays(25)
    assert not ward.says().inhibitions
    assert ward.of(SymptomKind.ERROR, operation=ISSUE.label).state is OK


def test_an_outage_that_began_in_its_deployment_is_inhibited_and_one_from_before_it_fires() -> None:
    ward = learnt()
    ward.detectors.inhibitions.put(Inhibition(ward.now, ward.now + 20 * SECOND, frozenset({"policy-service"})))
    for quarter in range(8):
        ward.world.board["policy-service"].update(BAD, ward.now + quarter * SECOND // 4)
        ward.world.board["user-service"].update(BAD, ward.now + quarter * SECOND // 4)
    ward.detectors.evaluate(ward.now + 2 * SECOND)
    ward.second += 2

    assert ward.of(SymptomKind.INFRASTRUCTURE).state is INHIBITED
    assert ward.of(SymptomKind.INFRASTRUCTURE, "user-service").state is FIRING

    ward.detectors.inhibitions.put(
        Inhibition(ward.now + 10 * SECOND, ward.now + 30 * SECOND, frozenset({"user-service"}))
    )
    ward.second += 11
    assert ward.of(SymptomKind.INFRASTRUCTURE, "user-service").state is FIRING


def test_an_open_incident_inhibits_the_journey_and_not_the_services() -> None:
    ward = learnt()
    incident = Inhibition(ward.now, STILL_OPEN, frozenset({"user-service"}), Source.INCIDENT, "error/user-service")
    ward.detectors.inhibitions.put(incident)
    ward.plays(1)

    journey = ward.of(SymptomKind.CONVERSION, "buy")

    assert (journey.state, journey.why, journey.until) == (INHIBITED, "incident error/user-service", 0)
    assert ward.of(SymptomKind.ERROR, operation=ISSUE.label).state is OK


def test_without_telemetry_all_but_the_probes_are_blind_and_say_since_when() -> None:
    ward = learnt()
    work(ward)
    silent = ward.detectors.spans
    ward.second += 10
    ward.detectors.evaluate(ward.now)

    report = ward.says()

    probes = {one.state for one in report.detectors if one.kind is SymptomKind.INFRASTRUCTURE}
    others = {(one.state, one.since) for one in report.detectors if one.kind is not SymptomKind.INFRASTRUCTURE}
    assert others == {(BLIND, silent.heard_at)}
    assert BLIND not in probes
    assert ward.of(SymptomKind.SLO, "buy").why == "no record arrived on otlp_spans for 10.0 s"


async def test_a_verification_says_how_many_visits_in_a_row_went_well() -> None:
    world = World()
    world.dead = {"policy-service"}
    number = await world.detect()
    reports = DetectorReports(world.detectors)
    told: list[VerificationReport] = []
    while (await world.case(number)).is_open:
        await world.turn(number)
        told += reports.at(world.clock.now()).verifying
    case = await world.case(number)
    await world.clock.sleep(10.0)

    assert {one.incident for one in told} == {case.incident}
    assert told[-1].visits >= told[-1].required
    assert reports.at(world.clock.now()).verifying == ()


async def test_a_real_outage_of_the_world_is_in_its_report() -> None:
    world = World()
    for _ in range(4):
        await world.clock.sleep(0.25)
    world.dead = {"policy-service"}
    for _ in range(8):
        await world.clock.sleep(0.25)
    report = DetectorReports(world.detectors).at(world.clock.now())

    assert (report.detectors[0].kind, report.detectors[0].subject) == (SymptomKind.INFRASTRUCTURE, "policy-service")
    assert report.counts[FIRING] == 1
    assert replace(report, left_out={"OK": 3}).counts[OK] == report.counts[OK] + 3
