"""The rules by which a fact is accepted: builds a case from the facts that were read from one issue.

Each fact arrives with the owner of the key whose signature verified (None: no valid signature).
A fact that does not extend the chain is void, and the case lists it with the reason.
"""

from collections.abc import Iterable
from dataclasses import replace

from sre_space.domain.case import Case, FoundFact, VoidFact
from sre_space.domain.cycle import successors
from sre_space.domain.facts import OWNER, Agent, Step

NO_SIGNATURE = "no valid signature"
_GAP = "follows a missing link"


def open_case(
    repository: str, issue: int, is_open: bool, opening: FoundFact, labels: tuple[str, ...] = ()
) -> Case | None:
    """Return a case with its opening fact; None unless that is a detection which Scout signed for this repository."""
    fact = opening.fact
    right = fact.step is Step.DETECT and fact.seq == 0 and fact.repository == repository and fact.issue == 0
    if not right or opening.signer != Agent.SCOUT:
        return None
    return Case(issue, is_open, (opening,), labels=labels)


def accept(case: Case, entries: Iterable[FoundFact]) -> Case:
    """Return the case extended by facts in the order of their comments: the first that fits wins, others are void."""
    for entry in sorted(entries, key=lambda entry: entry.place):
        reason = _why_void(case, entry)
        if not reason:
            case = replace(case, chain=(*case.chain, entry))
            continue
        case = replace(case, void=(*case.void, VoidFact(entry.place, reason)))
        if reason == _GAP:
            case = replace(case, frozen_reason=f"comment {entry.place} follows a link that is missing or altered")
    return case


def _why_void(case: Case, entry: FoundFact) -> str:
    """Return why a fact does not extend the chain; "" when it does."""
    fact, head = entry.fact, case.chain[-1]
    if entry.signer is None:
        return NO_SIGNATURE
    if (fact.incident, fact.repository, fact.issue) != (case.incident, head.fact.repository, case.issue):
        return "signed for another issue"
    if entry.signer != OWNER[fact.step]:
        return f"{entry.signer} does not own {fact.step}"
    if fact.seq <= head.fact.seq:
        return "a later duplicate"
    if fact.seq > head.fact.seq + 1 or fact.prev != head.digest:
        return _GAP
    return "" if fact.step in successors(case) else f"{fact.step} cannot follow {head.fact.step}"
