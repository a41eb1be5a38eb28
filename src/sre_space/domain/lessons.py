"""The lessons of past incidents, derived from their chains at each read: nothing is added to an old chain later.

A lesson is provisional for a while (`Learnt.provisional_until`). A remedy that helped counts as failed when the same
cause recurs in that time. Used by Memory when it recalls and indexes, and by the audit.
"""

from collections.abc import Iterable

from sre_space.domain.case import Case
from sre_space.domain.facts import UNKNOWN_CAUSE, Decision, Learnt, PastCase, Step

NO_ACTION = "no action"


def named_cause(case: Case) -> str:
    """Return the newest decision's cause as `<service> <kind>`: "unknown" for no cause, "" before a decision."""
    decision = case.latest(Decision)
    if decision is None:
        return ""
    cause = decision.diagnosis.cause
    return f"{cause.service} {cause.kind}" if cause else UNKNOWN_CAUSE


def provisional(past: Case) -> tuple[int, int]:
    """Return the window (Unix ns, both ends excluded) in which a recurrence counts; (0, 0) without a lesson."""
    learnt, recovered = past.latest(Learnt), past.fact_of(Step.VERIFY)
    return (recovered.at, learnt.provisional_until) if learnt and recovered else (0, 0)


def within(past: Case, case: Case) -> bool:
    """Return True when `case` is another incident, opened while the lesson of `past` was provisional."""
    after, until = provisional(past)
    return case.incident != past.incident and after < case.opened < until


def recurrence(past: Case, cases: Iterable[Case]) -> int:
    """Return the issue of the earliest of `cases` in which the cause of `past` recurred; 0 when it did in none."""
    recurrences = [case for case in cases if within(past, case) and _recurs(past, case)]
    return min(recurrences, key=lambda case: case.opened).issue if recurrences else 0


def past_cases(past: Case, back: int, similarity: float = 1.0, asking: Case | None = None) -> tuple[PastCase, ...]:
    """Return each remedy that changed something in `past` with its outcome, oldest first; one entry when none did.

    `back` is the `recurrence` of `past`. `asking` is the incident that the answer is for: its cause is not known yet,
    so a remedy that this incident may disprove is returned as provisional and not as one that worked.
    """
    undecided = asking is not None and not back and within(past, asking)
    cause = named_cause(past) or UNKNOWN_CAUSE
    trials = [trial for trial in past.trials if trial.action.changed]
    tried = [(trial.action.remedy.command, trial.helped) for trial in trials] or [(NO_ACTION, False)]
    return tuple(
        PastCase(
            past.incident, past.issue, round(similarity, 3), cause, remedy,
            worked=helped and not back and not undecided,
            recurrence=back if helped else 0,
            provisional=helped and undecided,
        )
        for remedy, helped in tried
    )  # fmt: skip


def _recurs(past: Case, case: Case) -> bool:
    """Return True when the cause is the same or, where none was found for `case`, the same detector opened it."""
    cause = named_cause(case)
    if cause == UNKNOWN_CAUSE:
        return case.detection.key == past.detection.key
    return cause != "" and cause == named_cause(past)
