"""The labels that people see: a projection of the chain, so that anyone can restore them."""

from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Step

INCIDENT = "sre:incident"
NEEDS_HUMAN = "needs-human"
HALT = "sre:halt"  # people set it; the doctor never does
FROZEN = "sre:frozen"  # an agent sets it on a record that it cannot trust any more; only a person takes it away
INVESTIGATING = "Status: Investigating"
MITIGATING = "Status: Mitigating"
FIXED = "Status: Fixed"

_OURS = {INCIDENT, NEEDS_HUMAN, INVESTIGATING, MITIGATING, FIXED}
_FIXED_AFTER = {Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER}
_INVESTIGATING_AFTER = {Step.DETECT, Step.RECALL}


def labels(case: Case) -> tuple[str, ...]:
    """The labels that this case should carry now: ours as the chain says, other people's as they are."""
    others = tuple(label for label in case.labels if label not in _OURS)
    return (INCIDENT, _status(case), *((NEEDS_HUMAN,) if needs_human(case) else ()), *others)


def needs_human(case: Case) -> bool:
    """True while nothing but a person moves this case on."""
    return bool(case.frozen_reason) or (waits_for_people(case) and case.last.step not in _FIXED_AFTER)


def _status(case: Case) -> str:
    if case.last.step in _FIXED_AFTER:
        return FIXED
    return INVESTIGATING if case.last.step in _INVESTIGATING_AFTER else MITIGATING
