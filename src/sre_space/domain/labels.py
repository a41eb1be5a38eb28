"""The labels of an incident's issue, derived from its chain alone, so that any agent can restore them."""

from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Step

INCIDENT = "sre:incident"
NEEDS_HUMAN = "needs-human"
HALT = "sre:halt"  # set by people, never by the agents
HOLD = "sre:hold"  # the same: on the issue of a hold, or on an incident whose services are then held
ORDERS = "sre:orders"  # set by the operator: on the issue where people's orders of the dashboard stand
FROZEN = "sre:frozen"  # set by an agent on a record that it cannot trust any more; only a person removes it
INVESTIGATING = "Status: Investigating"
MITIGATING = "Status: Mitigating"
FIXED = "Status: Fixed"

_OURS = {INCIDENT, NEEDS_HUMAN, INVESTIGATING, MITIGATING, FIXED}
_FIXED_AFTER = {Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER}
_INVESTIGATING_AFTER = {Step.DETECT, Step.RECALL}


def labels(case: Case) -> tuple[str, ...]:
    """Return the labels that the issue should have now: those of SRE-Space by its chain, other labels unchanged."""
    others = tuple(label for label in case.labels if label not in _OURS)
    return (INCIDENT, _status(case), *((NEEDS_HUMAN,) if needs_human(case) else ()), *others)


def needs_human(case: Case) -> bool:
    """Return True while the incident waits for a person: its record is frozen, it was escalated, or a plan waits."""
    return bool(case.frozen_reason) or (waits_for_people(case) and case.last.step not in _FIXED_AFTER)


def _status(case: Case) -> str:
    if case.last.step in _FIXED_AFTER:
        return FIXED
    return INVESTIGATING if case.last.step in _INVESTIGATING_AFTER else MITIGATING
