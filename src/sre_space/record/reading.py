"""Reads one issue as the chain that it claims to be, and says of all the rest why it does not count.

Used by the casebook, which the agents work from, and by the audit, which people work from: both see the same. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.codec.footer import MAX_BODY, SignedFact, parse_footer
from sre_space.domain.case import Case, Found, Void
from sre_space.domain.chain import accept, open_case
from sre_space.domain.errors import Malformed
from sre_space.domain.labels import FROZEN
from sre_space.ports.forge import MAX_COMMENTS, Comment, Issue
from sre_space.ports.signing import TrustStore
from sre_space.record.claims import A_BROKEN_FOOTER, claim

SKEW_NS = 120 * 10**9  # that the clocks of the forge and of Scout may differ by
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
    """One issue, read: places are comment ids (0: the issue itself).

    `signed` has every footer that parses; `void` everything that carries a footer or a command and does not count.
    """

    issue: Issue
    case: Case | None
    signed: Mapping[int, SignedFact]
    void: tuple[Void, ...]


def read(repository: str, trust: TrustStore, issue: Issue, comments: Sequence[Comment]) -> ReadIssue:
    """The verified case of an issue with these comments; no case when its body opens none."""
    bodies = {0: issue.body} | {comment.id: comment.body for comment in comments}
    footers = {place: _footer(body) for place, body in bodies.items()}
    signed = {place: footer for place, footer in footers.items() if isinstance(footer, SignedFact)}
    claims = {place: footer or claim(bodies[place]) for place, footer in footers.items() if isinstance(footer, str)}
    claims[0] = claims.get(0) or claim(issue.title[:MAX_BODY])
    void = [Void(place, reason) for place, reason in claims.items() if reason]
    found = {place: _found(trust, place, one) for place, one in signed.items()}
    opening = found.pop(0, None)
    case = _opened(repository, issue, opening) if opening else None
    if case is None:
        void += [Void(place, NO_INCIDENT) for place in found]
        void += [Void(0, _why_no_case(issue, opening))] if opening else []
        return ReadIssue(issue, None, signed, _sorted(void))
    case = accept(case, found.values())
    frozen = case.frozen_reason or (LABELLED if FROZEN in issue.labels else "")
    frozen = TOO_MANY if len(comments) >= MAX_COMMENTS else frozen
    case = replace(case, void=_sorted([*case.void, *void]), frozen_reason=frozen)
    return ReadIssue(issue, case, signed, case.void)


def unread(repository: str, trust: TrustStore, issue: Issue, why: str) -> ReadIssue:
    """An issue whose comments cannot be had now: nothing is done on an incident until they can."""
    opening = read(repository, trust, issue, ())
    void = _sorted([*opening.void, Void(0, UNREADABLE)])
    case = replace(opening.case, frozen_reason=f"its comments cannot be read: {why}") if opening.case else None
    return replace(opening, case=case, void=void)


def copied(reading: ReadIssue) -> ReadIssue:
    """The reading of an issue whose opening was copied from another one: nothing on it counts."""
    void = [one for one in reading.void if one.place not in reading.signed]
    void += [Void(place, COPY if place == 0 else NO_INCIDENT) for place in reading.signed]
    return replace(reading, case=None, void=_sorted(void))


def _footer(body: str) -> SignedFact | str:
    """The footer, or why it is none ("": there is none)."""
    if len(body) > MAX_BODY:
        return TOO_LONG
    try:
        return parse_footer(body) or ""
    except Malformed:
        return A_BROKEN_FOOTER


def _found(trust: TrustStore, place: int, one: SignedFact) -> Found:
    signer = trust.owner(one.key_id, one.message, one.signature, one.fact.at)
    return Found(place, one.fact, one.digest, signer)


def _opened(repository: str, issue: Issue, opening: Found) -> Case | None:
    if opening.fact.at - issue.created > SKEW_NS:
        return None
    return open_case(repository, issue.number, issue.state == "open", opening, issue.labels)


def _why_no_case(issue: Issue, opening: Found) -> str:
    return OLDER if opening.fact.at - issue.created > SKEW_NS else NO_DETECTION


def _sorted(void: Sequence[Void]) -> tuple[Void, ...]:
    return tuple(sorted(void, key=lambda one: one.place))
