"""Findings to incidents: one for each cause, titled and placed by its culprit."""

from dataclasses import replace
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.detection.blame import PATIENCE_NS, FiredAlarm
from sre_space.analysis.detection.burn_rate import PATIENCE_NS as JOURNEY_WAIT_NS
from sre_space.analysis.detection.callers import TOGETHER_NS
from sre_space.analysis.detection.correlation import (
    LINKED_NS,
    OpenIncident,
    SymptomGroup,
    SystemView,
    correlate,
)
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source
from sre_space.analysis.detection.telemetry_health import Feed, telemetry_health
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
NOW = 1_700_000_000 * SECOND
CALLS = {
    "web": ("quote", "search"), "quote": ("user", "policy"), "search": (), "user": (), "policy": ("ledger",),
    "ledger": (),
}  # fmt: skip
SCENE = SystemView(CALLS)
INFRASTRUCTURE, SATURATION, ERROR, LATENCY, CONVERSION, SLO = SymptomKind


def finding(kind: SymptomKind, service: str, age: int = SECOND, **values: object) -> FiredAlarm:
    symptom = Symptom(kind, service, "", 1.0, 0.1, NOW - age)
    return FiredAlarm(symptom, **{"fired": NOW - age, "alone": kind is INFRASTRUCTURE, **values})  # type: ignore[arg-type]


def journey(kind: SymptomKind, age: int = JOURNEY_WAIT_NS) -> FiredAlarm:
    return finding(kind, "buy-insurance", age, journey=True, patience=JOURNEY_WAIT_NS)


def keys(findings: list[FiredAlarm], scene: SystemView = SCENE) -> list[str]:
    return [group.key for group in correlate(findings, scene, NOW)]


CULPRIT = finding(ERROR, "policy")
VICTIM = finding(ERROR, "quote", 2 * SECOND, explained=0.9)


def test_a_caller_of_a_sick_service_is_a_victim_in_its_incident() -> None:
    [group] = correlate([VICTIM, CULPRIT], SCENE, NOW)

    assert (group.kind, group.service, group.joins) == (ERROR, "policy", "")
    assert group.findings == (VICTIM, CULPRIT)
    assert group.since == VICTIM.symptom.since


def test_the_order_of_findings_does_not_matter() -> None:
    findings = [VICTIM, CULPRIT, journey(SLO), finding(LATENCY, "user"), finding(LATENCY, "search", 3 * SECOND)]
    told = {tuple(correlate(list(one), SCENE, NOW)) for one in permutations(findings)}

    assert {tuple((group.key, len(group.findings)) for group in groups) for groups in told} == {
        (("latency/search", 2), ("error/policy", 2), ("latency/user", 1)),
    }


def test_a_victim_waits_for_its_culprit_and_then_speaks_for_itself() -> None:
    assert keys([VICTIM]) == []
    assert keys([finding(ERROR, "quote", PATIENCE_NS, explained=0.9)]) == ["error/quote"]


def test_siblings_that_are_both_sick_are_two_incidents_and_a_path_is_one() -> None:
    assert keys([finding(ERROR, "policy"), finding(ERROR, "user")]) == ["error/policy", "error/user"]
    assert keys([finding(ERROR, "policy"), finding(ERROR, "web")]) == ["error/policy"]


def way(callee: str, age: int = SECOND, kind: SymptomKind = ERROR) -> FiredAlarm:
    return finding(kind, callee, age, callee=callee, caller="quote")


def test_calls_of_one_caller_that_fail_at_two_services_at_once_accuse_the_caller_in_one_incident() -> None:
    [group] = correlate([way("policy", 2 * SECOND), way("user")], SCENE, NOW)

    assert (group.key, group.since) == ("error/quote", NOW - 2 * SECOND)
    assert {one.symptom.service for one in group.findings} == {"quote", "policy", "user"}


def test_calls_that_began_to_fail_apart_differ_or_have_a_culprit_have_no_caller_in_common() -> None:
    assert keys([way("policy", TOGETHER_NS + 2 * SECOND), way("user")]) == ["error/policy", "error/user"]
    assert keys([way("policy", kind=LATENCY), way("user")]) == ["latency/policy", "error/user"]
    assert keys([way("policy"), finding(INFRASTRUCTURE, "policy"), way("user")]) == [
        "infrastructure/policy",
        "error/user",
    ]


def test_what_the_second_callee_shows_joins_the_incident_that_the_first_one_opened() -> None:
    opened = SystemView(CALLS, (OpenIncident("error/policy", "policy", NOW - 2 * SECOND),))

    [group] = correlate([way("policy", 2 * SECOND), way("user")], opened, NOW)

    assert group.joins == "error/policy"


def test_the_gravest_kind_titles_the_incident_and_then_the_deepest_service() -> None:
    assert keys([finding(ERROR, "policy"), finding(LATENCY, "ledger")]) == ["error/policy"]
    assert keys([finding(ERROR, "policy"), finding(ERROR, "ledger")]) == ["error/ledger"]
    assert keys([finding(INFRASTRUCTURE, "quote"), finding(ERROR, "policy")]) == ["infrastructure/quote"]


def test_a_call_to_a_dead_service_is_the_dead_service() -> None:
    call = finding(ERROR, "quote", 2 * SECOND, callee="policy")
    assert keys([call]) == ["error/quote"]

    [group] = correlate([call, finding(INFRASTRUCTURE, "policy")], SCENE, NOW)
    assert (group.key, len(group.findings)) == ("infrastructure/policy", 2)


def test_calls_that_time_out_at_a_slow_service_are_its_slowness() -> None:
    call = finding(ERROR, "quote", 2 * SECOND, callee="policy")

    assert keys([call, finding(LATENCY, "policy")]) == ["latency/policy"]


def test_a_journey_accuses_nobody_and_joins_whatever_is_sick() -> None:
    assert keys([journey(CONVERSION)]) == ["conversion/buy-insurance"]
    assert keys([journey(CONVERSION), journey(SLO)]) == ["conversion/buy-insurance"]
    assert keys([journey(CONVERSION), CULPRIT]) == ["error/policy"]
    assert keys([journey(CONVERSION, SECOND)]) == []


def test_what_belongs_to_an_open_incident_joins_it() -> None:
    scene = SystemView(CALLS, [OpenIncident("infrastructure/policy", "policy", NOW - SECOND)])
    joined = {
        one.symptom.service: [group.joins for group in correlate([one], scene, NOW)]
        for one in (
            CULPRIT,
            finding(ERROR, "quote", PATIENCE_NS, explained=0.9),
            journey(SLO),
            finding(ERROR, "user"),
        )
    }

    assert joined == {
        "policy": ["infrastructure/policy"], "quote": ["infrastructure/policy"],
        "buy-insurance": ["infrastructure/policy"], "user": [""],
    }  # fmt: skip


def test_a_culprit_that_is_found_later_joins_the_incident_of_its_journey() -> None:
    scene = SystemView(CALLS, [OpenIncident("slo/buy-insurance", "buy-insurance", NOW - LINKED_NS)])

    assert [group.joins for group in correlate([CULPRIT], scene, NOW)] == ["slo/buy-insurance"]


def test_an_incident_that_waits_for_a_person_does_not_hide_what_breaks_later() -> None:
    def joins(key: str, one: FiredAlarm) -> list[str]:
        _, _, service = key.partition("/")
        old = OpenIncident(key, service, NOW - LINKED_NS - 10 * SECOND)
        window = Inhibition(old.since, STILL_OPEN, frozenset({service}), Source.INCIDENT, key)
        return [
            group.joins for group in correlate([one], SystemView(CALLS, [old], [window]), NOW) if not group.inhibited
        ]

    assert joins("slo/buy-insurance", CULPRIT) == [""]
    assert joins("latency/policy", finding(INFRASTRUCTURE, "policy")) == [""]
    assert joins("infrastructure/policy", finding(INFRASTRUCTURE, "quote")) == [""]
    assert joins("latency/policy", finding(ERROR, "policy")) == []
    assert joins("infrastructure/policy", finding(INFRASTRUCTURE, "policy")) == []
    assert joins("slo/buy-insurance", journey(CONVERSION)) == []


def test_symptoms_that_began_inside_a_window_are_of_its_case_or_quiet() -> None:
    def of(window: Inhibition, one: FiredAlarm = CULPRIT) -> SymptomGroup:
        [group] = correlate([one], SystemView(CALLS, windows=[window]), NOW)
        return group

    action = Inhibition(NOW - 5 * SECOND, STILL_OPEN, frozenset({"policy"}), Source.INCIDENT, "error/policy")
    assert (of(action).joins, of(action).inhibited) == ("error/policy", True)
    planned = Inhibition(NOW - 5 * SECOND, STILL_OPEN, frozenset({"policy"}))
    assert (of(planned).joins, of(planned).inhibited) == ("", True)
    assert not of(Inhibition(NOW, STILL_OPEN, frozenset({"user"}))).inhibited
    assert not of(Inhibition(0, NOW - 2 * SECOND, frozenset({"policy"}))).inhibited
    assert of(Inhibition(0, STILL_OPEN, frozenset({"user"})), journey(SLO)).inhibited


def test_what_a_deployment_broke_does_not_hide_behind_the_damped_outage_of_its_restart() -> None:
    restart = finding(INFRASTRUCTURE, "quote", 20 * SECOND)
    scene = SystemView(CALLS, windows=(Inhibition(NOW - 21 * SECOND, NOW - 15 * SECOND, frozenset({"quote"})),))

    def loud(*findings: FiredAlarm) -> list[str]:
        return [group.key for group in correlate([restart, *findings], scene, NOW) if not group.inhibited]

    assert loud() == []
    assert loud(journey(CONVERSION, 12 * SECOND)) == ["conversion/buy-insurance"]
    assert loud(finding(ERROR, "policy", 12 * SECOND)) == ["error/policy"]
    assert loud(way("quote", 12 * SECOND)) == ["error/quote"]
    assert loud(journey(SLO, 16 * SECOND)) == []


def test_sight_is_lost_by_silence_by_lag_and_by_a_pause() -> None:
    well = Feed("otlp_spans", NOW - SECOND, NOW - 2 * SECOND)

    assert not telemetry_health([well], NOW - 60 * SECOND, NOW).blind
    assert not telemetry_health([well], 0, NOW).blind
    silent = telemetry_health([well, Feed("quote_requested", NOW - 9 * SECOND, NOW)], 0, NOW)
    assert silent.reason.startswith("no record arrived")
    assert silent.since == NOW - 9 * SECOND
    assert "lags by 30.0 s" in telemetry_health([Feed("otlp_spans", NOW, NOW - 30 * SECOND)], 0, NOW).reason
    assert "newer than a pause" in telemetry_health([well], NOW - SECOND, NOW).reason


SERVICES = st.sampled_from(list(CALLS))


@given(
    st.lists(
        st.builds(
            lambda kind, service, age, explained: finding(kind, service, age * SECOND, explained=explained),
            st.sampled_from([INFRASTRUCTURE, SATURATION, ERROR, LATENCY]), SERVICES, st.integers(0, 20),
            st.floats(0, 1),
        ),
        max_size=8,
        unique_by=lambda one: (one.symptom.kind, one.symptom.service),
    ),
    st.lists(st.sampled_from([CONVERSION, SLO]).map(journey), max_size=2, unique_by=lambda one: one.symptom.kind),
)  # fmt: skip
def test_every_finding_is_in_at_most_one_incident_and_no_victim_is_blamed_for_a_culprit(
    findings: list[FiredAlarm], journeys: list[FiredAlarm]
) -> None:
    groups = correlate(findings + journeys, SCENE, NOW)
    placed = [one for group in groups for one in group.findings]

    assert len(placed) == len(set(map(id, placed)))
    assert len({group.key for group in groups}) == len(groups)
    assert {id(one) for one in findings if one.accuses} <= set(map(id, placed))
    for group in groups:
        if any(one.accuses for one in group.findings):
            assert group.service in {one.symptom.service for one in group.findings if one.accuses}


def test_an_outage_is_an_incident_of_its_own_while_the_journeys_incident_waits_for_a_person() -> None:
    waiting = SystemView(CALLS, (OpenIncident("slo/buy-insurance", "buy-insurance", NOW - SECOND),))
    [outage] = correlate([finding(INFRASTRUCTURE, "policy")], waiting, NOW)
    [slow] = correlate([finding(LATENCY, "policy")], waiting, NOW)

    assert outage.joins == ""
    assert slow.joins == "slo/buy-insurance"


def test_a_detector_that_accuses_another_service_by_now_stays_in_its_incident() -> None:
    call = "error/quote/client GET to user:80"
    moved = finding(ERROR, "search", 2 * SECOND)
    before = Symptom(ERROR, "user", "", 1.0, 0.1, NOW - 3 * SECOND, call)
    incident = OpenIncident("error/user", "user", NOW - 3 * SECOND, symptoms=(before,))

    def joins(symptom: Symptom) -> str:
        [group] = correlate([replace(moved, symptom=symptom)], replace(SCENE, open=(incident,)), NOW)
        return group.joins

    assert joins(replace(moved.symptom, detector=call)) == "error/user"
    assert joins(replace(moved.symptom, detector="error/search/server GET")) == ""
