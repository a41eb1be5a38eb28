"""How an incident ended, in a word: healed only where a change of the agents helped."""

from sre_space.domain.case import Case

HEALED, RECOVERED, CLOSED = "healed", "recovered", "closed"


def ended_as(case: Case) -> str:
    """Return `healed` after a change of the agents that is in force, `recovered` without, `closed` without a proof."""
    if not case.recovered:
        return CLOSED
    return HEALED if any(trial.helped for trial in case.trials) else RECOVERED


def is_over(case: Case) -> bool:
    """Return True once what was wrong is told in the past: a recovery was measured, or the incident was closed."""
    return case.recovered or not case.is_open
