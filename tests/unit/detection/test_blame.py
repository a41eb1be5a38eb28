"""Victims and culprits, told apart by the sums of what their operations lost."""

import numpy as np
import pytest
from support.traffic_model import ASK_POLICY, ISSUE, PEERS, POLICY_SQL, Fault, SimulatedApplication
from support.watching import SECOND, Watching

from sre_space.analysis.detection.blame import FiredAlarm, excess, findings
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source
from sre_space.analysis.detection.operations import ALL, ERRORS
from sre_space.domain.symptoms import SymptomKind


def broken(fault: Fault, seconds: int = 12) -> Watching:
    """Return the detectors after 150 healthy seconds and so many seconds of a fault."""
    watching = Watching.after(150, 11)
    watching.break_down(fault)
    for _ in range(seconds):
        watching.play(1)
    return watching


def found(fault: Fault) -> list[FiredAlarm]:
    """Return the alarms that fire twelve seconds after a fault begins."""
    watching = broken(fault)
    return findings(watching.operations, PEERS, watching.at * SECOND)


def split(found: list[FiredAlarm]) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Culprits and victims as (service, operation), without the operation of all requests."""
    named = [one for one in found if one.operation != ALL]
    culprits = {(one.symptom.service, one.operation) for one in named if one.accuses}
    return culprits, {(one.symptom.service, one.operation) for one in named if not one.accuses}


CALLERS = {("quote-service", "POST /quotes"), ("quote-service", "POST /quotes/{id}/purchase")}
CALL = ("quote-service", "POST")


def test_a_slow_way_is_charged_to_its_far_end_by_the_call_alone() -> None:
    culprits, victims = split(found(Fault(way_to_policy_ns=200e6)))

    assert culprits == {("policy-service", "POST")}  # nothing that policy-service serves is slow
    assert victims == CALLERS


def test_a_slow_statement_accuses_its_own_service() -> None:
    culprits, victims = split(found(Fault(policy_sql_ns=200e6)))

    assert {service for service, _ in culprits} == {"policy-service"}
    assert (POLICY_SQL.service, POLICY_SQL.name) in culprits
    assert victims == {CALL, *CALLERS}


def test_failures_of_a_callee_are_its_own() -> None:
    culprits, victims = split(found(Fault(policy_errors=0.6)))

    assert ("policy-service", "POST /risk-assessments") in culprits
    assert {service for service, _ in culprits} == {"policy-service"}
    assert {CALL, ("quote-service", "POST /quotes")} <= victims


def test_a_callee_that_left_no_spans_is_named_by_the_call() -> None:
    gone = found(Fault(policy_gone=True))

    assert {one.callee for one in gone if one.accuses} == {"policy-service"}
    assert all(one.explained > 0.9 for one in gone if not one.accuses)


def test_who_gives_up_on_a_callee_that_serves_everything_is_accused_itself() -> None:
    given_up = found(Fault(gives_up_on_user=0.8))

    assert {one.symptom.service for one in given_up if one.accuses} == {"quote-service"}
    assert not {one.callee for one in given_up if one.accuses} - {""}


def test_what_a_callee_has_served_may_be_heard_a_second_after_its_caller_gave_up() -> None:
    watching = broken(Fault(gives_up_on_user=0.8), 6)
    for operation, watch in watching.operations.watches.items():
        if operation.service == "user-service":
            del watch.baseline.waiting[max(watch.baseline.waiting)]

    given_up = findings(watching.operations, PEERS, watching.at * SECOND)

    assert {one.symptom.service for one in given_up if one.accuses} == {"quote-service"}


def test_a_callee_that_answers_too_late_is_not_excused_by_having_served_everything() -> None:
    """Given up on, and slow: the way there or the callee, as before."""
    late = found(Fault(gives_up_on_user=0.4, user_own_ns=400e6))

    assert "user-service" in {one.symptom.service for one in late if one.accuses}


@pytest.mark.parametrize(
    ("deployed", "seconds_ago", "culprit"),
    [
        ({"quote-service"}, 1, "quote-service"),
        ({"quote-service"}, 20, "policy-service"),
        ({"quote-service", "policy-service"}, 1, "policy-service"),
        ({"user-service"}, 1, "policy-service"),
    ],
)
def test_of_two_ends_that_nothing_tells_apart_it_is_the_one_that_was_just_deployed(
    deployed: set[str], seconds_ago: int, culprit: str
) -> None:
    watching = broken(Fault(policy_gone=True))
    until = (watching.at - 12 - seconds_ago) * SECOND
    windows = [Inhibition(until - 5 * SECOND, until, frozenset(deployed))]

    found = findings(watching.operations, PEERS, watching.at * SECOND, windows)

    assert {one.symptom.service for one in found if one.accuses} == {culprit}


def test_what_goes_on_after_a_remedy_was_deployed_is_not_the_remedys_doing() -> None:
    watching = broken(Fault(policy_gone=True))
    until = (watching.at - 13) * SECOND
    remedy = Inhibition(until - 5 * SECOND, until, frozenset({"quote-service"}))
    incident = Inhibition(
        until - 30 * SECOND, STILL_OPEN, frozenset({"policy-service"}), Source.INCIDENT, "error/policy-service"
    )

    found = findings(watching.operations, PEERS, watching.at * SECOND, [remedy, incident])

    assert {one.symptom.service for one in found if one.accuses} == {"policy-service"}


def test_two_faults_at_once_have_two_culprits() -> None:
    culprits, _ = split(found(Fault(user_own_ns=200e6, policy_sql_ns=200e6)))

    assert {service for service, _ in culprits} == {"user-service", "policy-service"}


@pytest.mark.parametrize(("fault", "kind"), [(Fault(policy_errors=0.5), SymptomKind.ERROR),
                                             (Fault(policy_sql_ns=200e6), SymptomKind.LATENCY)])  # fmt: skip
def test_a_finding_shows_what_a_person_would_look_at(fault: Fault, kind: SymptomKind) -> None:
    finding = next(one for one in found(fault) if one.operation == ISSUE.name)

    assert finding.symptom.kind is kind
    assert finding.symptom.value > finding.symptom.limit
    assert "`POST /policies`" in finding.symptom.detail
    assert 1 <= len(finding.traces) <= 3
    assert all(len(trace) == 32 for trace in finding.traces)


def test_an_operation_that_is_not_learnt_has_no_excess() -> None:
    watching = Watching(SimulatedApplication(np.random.default_rng(1)))
    watching.play(10)

    assert excess(watching.operations.watches[ASK_POLICY], ERRORS, 0).count == 0
