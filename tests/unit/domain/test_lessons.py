"""What a lesson is worth is derived from the incidents that followed it, whenever it is read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.remembered import HALF_AN_HOUR, SECOND, incident

from sre_space.domain.case import Case
from sre_space.domain.diagnosis import CauseKind, Confidence
from sre_space.domain.facts import Decision, Fact, Outcome, Step, Verification
from sre_space.domain.lessons import named_cause, past_cases, provisional, recurrence, within

CRASH, HANG, NOBODY = 0, 1, 6  # faults of support.remembered: two that a restart ends, and one that a person ends
PAST = incident(CRASH, 0)
RECOVERED, UNTIL = provisional(PAST)


def following(at: int, fault: int = CRASH, steps: int = 9, issue: int = 50, again: int = 2, **changed: object) -> Case:
    """Another incident, opened at a time, with as many of its steps and another decision or detection.

    For the second time (`again` 2) a fault is met at the service at which it was met first (0), between at another.
    """
    case = incident(fault, again)

    def fact_of(fact: Fact) -> Fact:
        change: Any = replace
        fields = {name: value for name, value in changed.items() if hasattr(fact.payload, name)}
        payload = change(fact.payload, **fields)
        return replace(fact, incident=f"01FOLLOWING{issue}", at=fact.at - case.opened + at, payload=payload)

    chain = [replace(entry, fact=fact_of(entry.fact)) for entry in case.chain[:steps]]
    return replace(case, issue=issue, chain=tuple(chain))


def inconclusive(case: Case) -> Decision:
    """Return the decision of a case with its verdict changed to INCONCLUSIVE."""
    decision = case.latest(Decision)
    assert decision is not None
    return replace(decision, diagnosis=replace(decision.diagnosis, verdict=Confidence.INCONCLUSIVE))


def worked(past: Case, *followed: Case, asking: Case | None = None) -> list[bool]:
    """Return for each remedy of `past` whether it counts as successful, given the cases that followed."""
    return [one.worked for one in past_cases(past, recurrence(past, followed), asking=asking)]


def test_without_a_recurrence_the_remedy_helped() -> None:
    (past,) = past_cases(PAST, recurrence(PAST, [PAST]))

    assert (past.worked, past.recurrence, past.provisional) == (True, 0, False)
    assert past.outcome_text == "MITIGATION: RESTART policy-service helped"


def test_the_same_cause_within_the_time_makes_it_a_failure_that_names_the_issue() -> None:
    again = following(RECOVERED + SECOND)
    (past,) = past_cases(PAST, recurrence(PAST, [PAST, again]))

    assert (past.worked, past.recurrence) == (False, 50)
    assert past.outcome_text == "MITIGATION: RESTART policy-service helped and did not last: it came back in issue 50"


@pytest.mark.parametrize(
    ("at", "counts"),
    [
        (RECOVERED - 1, False),
        (RECOVERED, False),
        (RECOVERED + 1, True),
        (UNTIL - 1, True),
        (UNTIL, False),
        (UNTIL + 1, False),
    ],
)
def test_only_what_was_opened_between_the_recovery_and_the_end_of_the_time_counts(at: int, counts: bool) -> None:
    assert worked(PAST, following(at)) == [not counts]


@given(st.integers(-2 * HALF_AN_HOUR, 2 * HALF_AN_HOUR), st.booleans())
def test_it_fails_exactly_when_the_same_cause_was_opened_within_the_time(shift: int, same: bool) -> None:
    case = following(RECOVERED + shift, CRASH if same else HANG)

    assert worked(PAST, case) == [not (same and RECOVERED < case.opened < UNTIL)]
    assert within(PAST, case) == (RECOVERED < case.opened < UNTIL)


def test_another_cause_of_the_same_service_and_detector_is_no_failure() -> None:
    hang = following(RECOVERED + SECOND, HANG)
    decision = hang.latest(Decision)
    assert decision is not None
    other = replace(decision.diagnosis.causes[0], kind=CauseKind.HANG, service="policy-service")
    same_service = following(
        RECOVERED + SECOND, diagnosis=replace(decision.diagnosis, causes=(other, *decision.diagnosis.causes[1:]))
    )

    assert same_service.detection.key == PAST.detection.key
    assert named_cause(same_service) == "policy-service hang"
    assert worked(PAST, same_service) == [True]


def test_the_same_kind_at_another_service_is_no_failure() -> None:
    elsewhere = following(RECOVERED + SECOND, again=1)

    assert named_cause(elsewhere) == "user-service crash"
    assert worked(PAST, elsewhere) == [True]


def test_where_the_new_cause_was_not_found_the_detector_tells() -> None:
    unknown = inconclusive(PAST).diagnosis
    same_detector = following(RECOVERED + SECOND, diagnosis=unknown)
    another = following(RECOVERED + SECOND, diagnosis=unknown, key="latency/policy-service")

    assert worked(PAST, same_detector) == [False]
    assert worked(PAST, another) == [True]


def test_a_recurrence_counts_once_its_own_cause_is_diagnosed() -> None:
    at = RECOVERED + SECOND

    assert worked(PAST, following(at, steps=1)) == [True]
    assert worked(PAST, following(at, steps=2)) == [False]


def test_the_newest_diagnosis_of_a_recurrence_counts() -> None:
    case = following(RECOVERED + SECOND, steps=2)
    second = replace(case.chain[1], fact=replace(case.chain[1].fact, seq=2, payload=_hang(case)))

    assert worked(PAST, replace(case, chain=(*case.chain, second))) == [True]


def _hang(case: Case) -> Decision:
    decision = case.latest(Decision)
    assert decision is not None
    cause = replace(decision.diagnosis.causes[0], kind=CauseKind.HANG)
    return replace(decision, diagnosis=replace(decision.diagnosis, causes=(cause,)))


@given(st.permutations([1, 2, 3]))
def test_of_several_recurrences_the_first_is_named_in_whatever_order_they_are_read(order: list[int]) -> None:
    cases = [following(RECOVERED + n * SECOND, issue=60 + n) for n in order]

    assert recurrence(PAST, cases) == 61


def test_a_recurrence_of_a_recurrence_spoils_both() -> None:
    second = following(RECOVERED + SECOND, issue=50)
    third = following(provisional(second)[0] + SECOND, issue=51)

    assert recurrence(PAST, [second, third]) == 50
    assert recurrence(second, [PAST, third]) == 51
    assert recurrence(third, [PAST, second]) == 0


def test_for_the_incident_that_asks_it_is_open_whether_the_remedy_failed() -> None:
    asking = following(RECOVERED + SECOND, steps=1)
    (past,) = past_cases(PAST, recurrence(PAST, [asking]), asking=asking)

    assert (past.worked, past.recurrence, past.provisional) == (False, 0, True)
    assert "if the cause is the same, it did not last" in past.outcome_text
    assert worked(PAST, asking=following(UNTIL, steps=1)) == [True]


def test_an_incident_that_was_left_to_a_person_has_no_remedy_that_could_fail() -> None:
    past = incident(NOBODY, 0)
    again = following(provisional(past)[0] + SECOND, NOBODY)
    (one,) = past_cases(past, recurrence(past, [again]))

    assert (one.remedy, one.worked, one.recurrence) == ("no action", False, 0)


def test_a_case_that_taught_nothing_has_no_time_in_which_anything_recurs() -> None:
    unfinished = replace(PAST, chain=PAST.chain[:4])

    assert provisional(unfinished) == (0, 0)
    assert recurrence(unfinished, [following(RECOVERED + SECOND)]) == 0


def test_every_remedy_that_changed_something_is_told_with_what_came_of_it() -> None:
    acted = [entry for entry in PAST.chain if entry.fact.step in (Step.ACT, Step.VERIFY)]
    verdict = acted[1].fact.payload
    assert isinstance(verdict, Verification)
    unhelped = replace(verdict, outcome=Outcome.NOT_RECOVERED)
    failed = replace(acted[1], fact=replace(acted[1].fact, payload=unhelped))
    twice = replace(PAST, chain=(*PAST.chain[:2], acted[0], failed, *PAST.chain[2:]))

    assert worked(twice) == [False, True]
    assert [one.recurrence for one in past_cases(twice, 9)] == [0, 9]
