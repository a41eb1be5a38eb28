"""What only a live system tells: states, limits, arrivals, refusals, haste, and deployments that came into force."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.shop import EPOCH, MS, Fault, Made, shop, telemetry

from sre_space.analysis.diagnosis.building import MetricBuilder
from sre_space.analysis.diagnosis.changes import Survival, by_time, concerns
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.limits import limit_findings
from sre_space.analysis.diagnosis.metric_words import Meaning, meaning_of
from sre_space.analysis.diagnosis.tables import SERVER, Alert, Change, MetricTable, Series, ServiceState, Telemetry
from sre_space.domain.diagnosis import CauseKind, Confidence

SECOND = 10**9
HEALTH = telemetry(shop(300, 1))


def series(name: str, values: list[float], service: str = "tax", cumulative: bool = False) -> MetricTable:
    """One series, two points a second."""
    builder = MetricBuilder()
    number = builder.number(Series(service, f"{service}-1", name, cumulative=cumulative))
    builder.points += [(number, EPOCH + index * SECOND // 2, value) for index, value in enumerate(values)]
    if name.endswith("usage"):
        builder.points.append((builder.number(Series(service, "", name.replace("usage", "limit"))), EPOCH, 400.0))
    return builder.table()


def state(
    service: str, ended: bool = False, answered: bool = True, healthy: bool = True, told: str = ""
) -> ServiceState:
    """Return the state of a service as the runtime and a probe report it."""
    return ServiceState(
        service, ended, f"the runtime says {told}", f"runtime:{service}", answered, healthy, "told by a probe"
    )


def test_a_level_that_rises_to_its_limit_within_the_horizon_is_found_and_a_saw_tooth_is_not() -> None:
    usual = series("process.memory.usage", [100.0 + index % 5 for index in range(100)])

    (found,) = limit_findings(series("process.memory.usage", [100.0 + 8 * index for index in range(20)]), [usual])
    teeth = limit_findings(series("process.memory.usage", [100.0 + index % 5 for index in range(20)]), [usual])

    assert (found.service, found.kind) == ("tax", CauseKind.SATURATION)
    assert found.impact > 0.5
    assert found.p_value < 0.01
    assert not [one for one in teeth if one.p_value < 0.05]


def test_a_new_process_that_warms_up_below_its_usual_level_runs_out_of_nothing() -> None:
    usual = series("process.memory.usage", [100.0] * 100)
    warming = series("process.memory.usage", [5.0 * index for index in range(20)])

    assert not [one for one in limit_findings(warming, [usual]) if one.p_value < 0.05]


def arrivals(rate: float) -> MetricTable:
    """Return a counter of served requests that grows by `rate` a second."""
    return series("http.server.request.duration.count", [rate / 2 * index for index in range(60)], "web", True)


@pytest.mark.parametrize(("slow", "verdict"), [(400.0, Confidence.CONFIRMED), (0.0, Confidence.INCONCLUSIVE)])
def test_more_load_is_the_cause_where_something_is_hurt_and_no_fault_where_nothing_is(
    slow: float, verdict: Confidence
) -> None:
    spans = telemetry(shop(200, 2, Fault(slow={"GET /buy": slow, "GET /look": slow}))).spans
    health = replace(HEALTH, metrics=arrivals(5))
    found = diagnose(Telemetry(spans, arrivals(100), HEALTH.logs), [health])

    assert found.verdict is verdict
    if verdict is Confidence.CONFIRMED:
        assert (found.causes[0].service, found.causes[0].kind) == ("web", CauseKind.TRAFFIC)


def test_load_is_not_blamed_for_what_fails_by_itself() -> None:
    spans = telemetry(shop(200, 2, Fault(fails={"GET /rate": "KeyError: region"}))).spans
    found = diagnose(Telemetry(spans, arrivals(100), HEALTH.logs), [replace(HEALTH, metrics=arrivals(5))])

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.ERROR)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("http.server.request.duration.count", Meaning.TRAFFIC),
        ("http.server.active_requests", Meaning.OTHER),
        ("process.unix.file_descriptor.count", Meaning.SATURATION),
    ],
)
def test_counts_of_durations_are_traffic_and_requests_in_flight_are_not(name: str, meaning: Meaning) -> None:
    assert meaning_of(name) is meaning


def refused(made: list[Made]) -> Telemetry:
    """Return the telemetry of these spans with status code 409 for `POST /quote` and 200 for all others."""
    table = telemetry(made).spans
    code = [409 if table.names[operation] == "POST /quote" else 200 for operation in table.operation]
    return replace(telemetry(made), spans=replace(table, code=table.code + code))


def test_one_call_whose_other_end_is_not_stored_yet_accuses_nobody() -> None:
    made = shop(200, 2, Fault(fails={"GET /rate": "boom"}))
    newest = next(one.trace for one in reversed(made) if one.service == "tax")
    found = diagnose(telemetry(one for one in made if (one.trace, one.service) != (newest, "tax")), [HEALTH])

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.ERROR)
    assert not any(cause.service == "price" for cause in found.causes)


def test_work_that_says_it_went_well_did_not_break_off_however_short_it_was() -> None:
    silent = telemetry(shop(200, 2, Fault(breaks_off="POST /quote")))
    codes = np.where(silent.spans.kind == SERVER, 201, 0)
    spoken = replace(silent, spans=replace(silent.spans, code=silent.spans.code + codes))

    assert diagnose(silent, [HEALTH]).causes[0].service == "price"
    assert diagnose(spoken, [HEALTH]).verdict is Confidence.INCONCLUSIVE


def test_a_proper_no_that_everybody_gets_is_no_failure_without_a_change_and_a_bad_change_with_one() -> None:
    made = shop(200, 2, Fault(breaks_off="POST /quote"))
    change = Change("c0ffee", EPOCH, "price", "deployment", "Tune", "-A=1\n+A=2", applied=EPOCH - SECOND)

    alone, changed = (diagnose(refused(made), [HEALTH], some) for some in ([], [change]))

    assert alone.verdict is Confidence.INCONCLUSIVE
    assert changed.verdict is not Confidence.INCONCLUSIVE
    assert (changed.causes[0].service, changed.causes[0].kind, changed.change) == (
        "price", CauseKind.BAD_CHANGE, "c0ffee",
    )  # fmt: skip


def given_up(fault: Fault, each: int = 1) -> Telemetry:
    """Return telemetry in which every `each`-th call from price to tax times out after a millisecond."""
    made = shop(200, 2, fault)
    hasty = set([one.id for one in made if one.kind == 3 and one.peer == "tax"][::each])
    return telemetry(
        [replace(one, end=one.start + MS, status=2, message="timed out") if one.id in hasty else one for one in made]
    )


def test_a_caller_that_gives_up_before_calls_usually_end_is_to_blame_itself() -> None:
    assert diagnose(given_up(Fault()), [HEALTH]).causes[0].service == "price"


FULL = {"GET /buy": 6.0, "GET /look": 2.0, "GET /items": 4.0, "POST /quote": 4.0, "POST /send": 4.0, "GET /rate": 300.0}


def test_on_a_machine_that_is_full_whom_a_change_broke_goes_before_those_that_are_slow() -> None:
    incident = given_up(Fault(slow=FULL), each=3)
    change = Change("c0ffee", EPOCH, "price", "deployment", "Tune", "-WAIT=2\n+WAIT=0.001", applied=EPOCH - SECOND)

    alone, changed = (diagnose(incident, [HEALTH], some) for some in ([], [change]))

    assert (alone.causes[0].service, alone.verdict) == ("tax", Confidence.INCONCLUSIVE)
    assert (changed.causes[0].service, changed.causes[0].kind) == ("price", CauseKind.BAD_CHANGE)
    assert changed.verdict is Confidence.CONFIRMED


def test_a_dead_units_callers_are_its_victims_even_where_nothing_healthy_was_seen() -> None:
    incident = telemetry(shop(60, 2, Fault(dead="tax")))
    found = diagnose(incident, [], states=[state("tax", ended=True, answered=False, healthy=False), state("web")])

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", CauseKind.CRASH)
    assert CauseKind.DEPENDENCY_ERROR not in {one.kind for one in found.causes}
    assert found.verdict is Confidence.CONFIRMED


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        (
            "Pending, 0/1 ready; FailedScheduling: 0/4 nodes are available: 3 Insufficient cpu",
            CauseKind.MISCONFIGURATION,
        ),
        ("ImagePullBackOff, 0/1 ready", CauseKind.MISCONFIGURATION),
        ("CreateContainerConfigError: secret not found", CauseKind.MISCONFIGURATION),
        ("FailedCreatePodSandBox: container init was OOM-killed", CauseKind.SATURATION),
        ("CrashLoopBackOff, 0/1 ready; Back-off restarting failed container", CauseKind.CRASH),
    ],
)
def test_a_unit_that_was_never_started_has_not_crashed(told: str, kind: CauseKind) -> None:
    incident = telemetry(shop(60, 2, Fault(dead="tax")))
    found = diagnose(incident, [], states=[state("tax", ended=True, answered=False, healthy=False, told=told)])

    assert (found.causes[0].service, found.causes[0].kind) == ("tax", kind)
    assert found.verdict is Confidence.CONFIRMED


def test_a_unit_that_answers_badly_has_no_known_cause() -> None:
    found = diagnose(HEALTH, [HEALTH], states=[state("tax", healthy=False), state("web")])

    assert found.verdict is Confidence.INCONCLUSIVE


def test_a_cause_whose_cure_failed_is_not_named_again() -> None:
    incident = telemetry(shop(200, 2, Fault(dead="tax")))
    alert = Alert(ruled_out_causes=(("tax", CauseKind.CRASH),))
    found = diagnose(incident, [HEALTH], alert=alert, states=[state("tax", ended=True, answered=False, healthy=False)])

    assert found.verdict is Confidence.INCONCLUSIVE
    assert ("tax", CauseKind.CRASH) not in {(one.service, one.kind) for one in found.causes}


@pytest.mark.parametrize(("service", "verdict"), [("price", Confidence.CONFIRMED), ("mail", Confidence.INCONCLUSIVE)])
def test_behind_a_disproved_cause_only_a_service_that_a_change_broke_is_accused(
    service: str, verdict: Confidence
) -> None:
    """Who is asked eight times and given up on answers its probe: the one who asks so was changed."""
    began = max(one.end for one in shop(300, 1)) + SECOND
    hasty = Fault(dead="tax", dead_message="timed out", repeats={"GET /rate": 8}, slow={"POST /quote": 60.0})
    later = [replace(one, start=one.start + began - EPOCH, end=one.end + began - EPOCH) for one in shop(100, 2, hasty)]
    told = began - SECOND
    change = Change("c0ffee", told, service, "deployment", "Hurry", "-WAIT=2\n+WAIT=0.1", (), told, began)

    found = diagnose(telemetry(later), [HEALTH], [change], states=[state("tax"), state("price"), state("web")])

    assert found.verdict is verdict
    assert ("tax", CauseKind.HANG) not in {(one.service, one.kind) for one in found.causes}
    if service == "price":
        assert (found.causes[0].service, found.causes[0].kind) == ("price", CauseKind.BAD_CHANGE)


@given(content=st.floats(0.05, 1), impact=st.floats(0.05, 1), served=st.integers(0, 500), seconds=st.integers(0, 7200))
def test_guilt_by_time_is_a_chance_that_falls_with_what_went_well_and_with_time(
    content: float, impact: float, served: int, seconds: int
) -> None:
    lived = Survival(EPOCH + seconds * SECOND, impact, served)
    guilt = by_time(EPOCH, content, lived)

    assert 0.0 <= guilt <= 1.0
    assert by_time(EPOCH, content, replace(lived, served=served + 1)) <= guilt
    assert by_time(EPOCH, content, replace(lived, seen=lived.seen + SECOND)) <= guilt
    assert by_time(EPOCH, content, replace(lived, seen=EPOCH - 3 * SECOND)) == 0.0


@pytest.mark.parametrize(("settled_before_s", "change"), [(200, None), (0, "c0ffee")])
def test_a_change_under_which_the_service_went_well_for_minutes_does_not_explain_its_death(
    settled_before_s: int, change: str | None
) -> None:
    died = max(one.end for one in shop(300, 1)) + SECOND
    later = [replace(one, start=one.start + died - EPOCH, end=one.end + died - EPOCH) for one in
             shop(60, 2, Fault(dead="tax"))]  # fmt: skip
    settled = died - settled_before_s * SECOND - SECOND
    deployed = Change("c0ffee", settled, "tax", "deployment", "Tune", "-A=1\n+A=2", (), settled - SECOND, settled)
    dead = replace(state("tax", ended=True, answered=False, healthy=False), since=died)

    found = diagnose(telemetry(later), [HEALTH], [deployed], states=[dead])

    assert found.change == change
    assert found.causes[0].kind is (CauseKind.BAD_CHANGE if change else CauseKind.CRASH)


@pytest.mark.parametrize(("settled_before_s", "change"), [(200, None), (0, "c0ffee")])
def test_a_hang_has_no_date_of_its_own_and_is_dated_by_the_alert(settled_before_s: int, change: str | None) -> None:
    hung = max(one.end for one in shop(300, 1)) + SECOND
    later = [replace(one, start=one.start + hung - EPOCH, end=one.end + hung - EPOCH) for one in
             shop(60, 2, Fault(dead="tax"))]  # fmt: skip
    settled = hung - settled_before_s * SECOND - SECOND
    deployed = Change("c0ffee", settled, "tax", "deployment", "Tune", "-A=1\n+A=2", (), settled - SECOND, settled)
    silent = state("tax", answered=False, healthy=False)

    found = diagnose(telemetry(later), [HEALTH], [deployed], Alert("tax", fired_at=hung), states=[silent])

    assert found.change == change
    assert found.causes[0].kind is (CauseKind.BAD_CHANGE if change else CauseKind.HANG)


def test_a_change_of_nobody_is_of_the_service_that_its_lines_name() -> None:
    change = Change("c0ffee", 0, "", "deployment", "Less", "-POLICY_SERVICE_MEMORY=4\n+POLICY_SERVICE_MEMORY=1")

    assert concerns(change, "policy-service")
    assert not concerns(change, "user-service")


def test_a_service_that_answers_its_probe_neither_hangs_nor_is_dead_whoever_gives_up_on_it() -> None:
    incident = telemetry(shop(200, 2, Fault(dead="tax")))
    silent = [state("tax", answered=False, healthy=False)]
    assert diagnose(incident, [HEALTH], states=silent).causes[0].kind is CauseKind.HANG

    found = diagnose(incident, [HEALTH], states=[state("tax"), state("web")])

    assert found.verdict is Confidence.INCONCLUSIVE
    assert not {(one.service, one.kind) for one in found.causes} & {("tax", CauseKind.HANG), ("tax", CauseKind.CRASH)}
