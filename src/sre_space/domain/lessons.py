"""What an incident taught, derived from the chains each time it is read: nothing is written later into an old chain.

A lesson is provisional for a while (`Learnt.provisional_until`). A remedy that helped counts as failed when the same
cause comes back in that time. Used by Memory when it recalls and indexes, and by the audit.
"""

from collections.abc import Iterable

from sre_space.domain.case import Case
from sre_space.domain.facts import UNKNOWN_CAUSE, Decision, Learnt, PastCase, Step

NO_ACTION = "no action"


def named_cause(case: Case) -> str:
    """Return what the newest decision found, `<service> <kind>`: "unknown" for no cause, "" before a decision."""
    decision = case.latest(Decision)
    if decision is None:
        return ""
    cause = decision.diagnosis.cause
    return f"{cause.service} {cause.kind}" if cause else UNKNOWN_CAUSE


def provisional(past: Case) -> tuple[int, int]:
    """Return between which times (Unix ns, both excluded) a recurrence counts: (0, 0) where nothing was learnt."""
    learnt, recovered = past.latest(Learnt), past.fact_of(Step.VERIFY)
    return (recovered.at, learnt.provisional_until) if learnt and recovered else (0, 0)


def within(past: Case, case: Case) -> bool:
    """Tell whether another incident was opened while the lesson of `past` was provisional."""
    after, until = provisional(past)
    return case.incident != past.incident and after < case.opened < until


def recurrence(past: Case, cases: Iterable[Case]) -> int:
    """Return the issue of the first of `cases` that shows that what ended `past` did not last; 0 when none does."""
    found = [case for case in cases if within(past, case) and _recurs(past, case)]
    return min(found, key=lambda case: case.opened).issue if found else 0


def past_cases(past: Case, back: int, similarity: float = 1.0, asking: Case | None = None) -> tuple[PastCase, ...]:
    """Return each remedy that changed something in `past`, oldest first, and what came of it; one entry for none.

    `back` is its `recurrence`. `asking` is the incident that the answer is for: its cause is not known yet, so that a
    remedy which it may have disproved is handed on as provisional and not as one that worked.
    """
    open_question = asking is not None and not back and within(past, asking)
    cause = named_cause(past) or UNKNOWN_CAUSE
    trials = [trial for trial in past.trials if trial.action.changed]
    tried = [(trial.action.remedy.command, trial.helped) for trial in trials] or [(NO_ACTION, False)]
    return tuple(
        PastCase(
            past.incident, past.issue, round(similarity, 3), cause, remedy,
            worked=helped and not back and not open_question,
            recurrence=back if helped else 0,
            provisional=helped and open_question,
        )
        for remedy, helped in tried
    )  # fmt: skip


def _recurs(past: Case, case: Case) -> bool:
    """Tell whether the cause is the same; where the new one was not found, whether the same detector opened it."""
    cause = named_cause(case)
    if cause == UNKNOWN_CAUSE:
        return case.detection.key == past.detection.key
    return cause != "" and cause == named_cause(past)
