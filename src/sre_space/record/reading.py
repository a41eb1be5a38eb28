"""Reads one issue as the chain of facts that it claims to be, and says of everything else why it does not count. Pure.

Used by the incident repository, from which agents work, and by the audit, so that both see the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.codec.footer import MAX_BODY, SignedFact, parse_footer
from sre_space.domain.case import Case, FoundFact, VoidFact
from sre_space.domain.chain import accept, open_case
from sre_space.domain.errors import Malformed
from sre_space.domain.labels import FROZEN
from sre_space.ports.forge import MAX_COMMENTS, Comment, Issue
from sre_space.ports.signing import TrustStore
from sre_space.record.claims import A_BROKEN_FOOTER, claim

SKEW_NS = 120 * 10**9  # by which the clocks of the forge and of Scout may differ
NO_DETECTION = "an opening that Scout did not sign for this repository"
OLDER = "an issue that is older than its opening"
COPY = "a copy of another issue's opening"
NO_INCIDENT = "a fact on an issue that is no incident"
TOO_LONG = f"longer than {MAX_BODY} characters: it is not read"
UNREADABLE = "an issue that cannot be read"
TOO_MANY = f"more than {MAX_COMMENTS} comments: what comes after them is not read"
LABELLED = f"an agent found an accepted fact missing or altered and set the label {FROZEN}"


@dataclass(frozen=True)
class ReadIssue:
    """What was read of one issue. Keys are comment ids; 0 is the issue itself.

    `signed` is every footer that parses, its signature not verified yet; `void` every text with a footer or a command
    that does not count, with the reason.
    """

    issue: Issue
    case: Case | None
    signed: Mapping[int, SignedFact]
    void: tuple[VoidFact, ...]


def read(repository: str, trust: TrustStore, issue: Issue, comments: Sequence[Comment]) -> ReadIssue:
    """Return the reading of an issue with these comments; its case is None when the issue's body opens no incident."""
    bodies = {0: issue.body} | {comment.id: comment.body for comment in comments}
    footers = {place: _footer(body) for place, body in bodies.items()}
    signed = {place: footer for place, footer in footers.items() if isinstance(footer, SignedFact)}
    claims = {place: footer or claim(bodies[place]) for place, footer in footers.items() if isinstance(footer, str)}
    claims[0] = claims.get(0) or claim(issue.title[:MAX_BODY])
    void = [VoidFact(place, reason) for place, reason in claims.items() if reason]
    facts = {place: _verified(trust, place, fact) for place, fact in signed.items()}
    opening = facts.pop(0, None)
    case = _opened(repository, issue, opening) if opening else None
    if case is None:
        void += [VoidFact(place, NO_INCIDENT) for place in facts]
        void += [VoidFact(0, _why_no_case(issue, opening))] if opening else []
        return ReadIssue(issue, None, signed, _sorted(void))
    case = accept(case, facts.values())
    frozen = case.frozen_reason or (LABELLED if FROZEN in issue.labels else "")
    frozen = TOO_MANY if len(comments) >= MAX_COMMENTS else frozen
    case = replace(case, void=_sorted([*case.void, *void]), frozen_reason=frozen)
    return ReadIssue(issue, case, signed, case.void)


def unread(repository: str, trust: TrustStore, issue: Issue, why: str) -> ReadIssue:
    """Return the reading of an issue whose comments cannot be fetched: its incident is frozen until they can."""
    opening = read(repository, trust, issue, ())
    void = _sorted([*opening.void, VoidFact(0, UNREADABLE)])
    case = replace(opening.case, frozen_reason=f"its comments cannot be read: {why}") if opening.case else None
    return replace(opening, case=case, void=void)


def copied(reading: ReadIssue) -> ReadIssue:
    """Return the reading of an issue whose opening was copied from another issue: nothing on it counts."""
    void = [text for text in reading.void if text.place not in reading.signed]
    void += [VoidFact(place, COPY if place == 0 else NO_INCIDENT) for place in reading.signed]
    return replace(reading, case=None, void=_sorted(void))


def _footer(body: str) -> SignedFact | str:
    """Return the footer of a body, or why it does not count ("": there is none)."""
    if len(body) > MAX_BODY:
        return TOO_LONG
    try:
        return parse_footer(body) or ""
    except Malformed:
        return A_BROKEN_FOOTER


def _verified(trust: TrustStore, place: int, signed_fact: SignedFact) -> FoundFact:
    signer = trust.owner(signed_fact.key_id, signed_fact.message, signed_fact.signature, signed_fact.fact.at)
    return FoundFact(place, signed_fact.fact, signed_fact.digest, signer)


def _opened(repository: str, issue: Issue, opening: FoundFact) -> Case | None:
    if opening.fact.at - issue.created > SKEW_NS:
        return None
    return open_case(repository, issue.number, issue.state == "open", opening, issue.labels)


def _why_no_case(issue: Issue, opening: FoundFact) -> str:
    return OLDER if opening.fact.at - issue.created > SKEW_NS else NO_DETECTION


def _sorted(void: Sequence[VoidFact]) -> tuple[VoidFact, ...]:
    return tuple(sorted(void, key=lambda text: text.place))
