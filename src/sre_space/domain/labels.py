"""The labels that people see: a projection of the chain, so that anyone can restore them."""

from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Step

INCIDENT = "sre:incident"
NEEDS_HUMAN = "needs-human"
INVESTIGATING = "Status: Investigating"
MITIGATING = "Status: Mitigating"
FIXED = "Status: Fixed"

_FIXED_AFTER = {Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER}
_INVESTIGATING_AFTER = {Step.DETECT, Step.RECALL}


def labels(case: Case) -> tuple[str, ...]:
    """The labels that this case should carry now."""
    return (INCIDENT, _status(case), *((NEEDS_HUMAN,) if needs_human(case) else ()))


def needs_human(case: Case) -> bool:
    """True while nothing but a person moves this case on."""
    action = case.latest(Action)
    escalated = action is not None and action.result is ActionResult.ESCALATED
    return bool(case.frozen_reason) or (escalated and case.last.step not in _FIXED_AFTER)


def _status(case: Case) -> str:
    if case.last.step in _FIXED_AFTER:
        return FIXED
    return INVESTIGATING if case.last.step in _INVESTIGATING_AFTER else MITIGATING
