"""Who decided what on which evidence: read and verified anew from the issues and the trust store, without any agent.

Used by `sre-space audit`. Every link is checked here once more by itself; whether it counts, `domain/chain.py` says.
What issues alone cannot show: that the newest fact of a chain was deleted. A running agent notices that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sre_space.codec.footer import SignedFact
from sre_space.domain.case import Case, Found, Void
from sre_space.domain.chain import NO_SIGNATURE
from sre_space.domain.errors import Missing
from sre_space.domain.facts import OWNER, Fact, PastCase, RuleAnswer, Step
from sre_space.domain.lessons import past_cases, recurrence
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.orders import Order, Orders
from sre_space.record.claims import A_BROKEN_FOOTER
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import ReadIssue
from sre_space.text.audit_report import answers, decided, evidence

ALTERED = "an agent's comment that was edited after it was written"
UNVERIFIABLE = (NO_SIGNATURE, A_BROKEN_FOOTER)


@dataclass(frozen=True)
class ChainLink:
    """One accepted fact: where it stands, what was decided, on which rules and evidence, and whether it verifies."""

    place: int
    fact: Fact
    key_id: str
    digest: str
    prev_ok: bool
    signature_ok: bool
    decided: str
    rules: tuple[RuleAnswer, ...]
    evidence: tuple[str, ...]

    @property
    def agent(self) -> str:
        """Whose step it is; `signature_ok` says that it was indeed this one's key."""
        return OWNER[self.fact.step].value


@dataclass(frozen=True)
class Dismissed:
    """What carries a footer or a command and does not count (`place` 0: the issue itself), who wrote it, and why."""

    place: int
    author: str
    reason: str


@dataclass(frozen=True)
class AuditedIssue:
    """One issue; `incident` is "" when it opens none. `broken` says what of the accepted is missing or altered.

    `orders` are those of people who may give them. `taught` is what came of each remedy, as far as it is known today:
    what came back while the lesson was provisional makes it a failure, whatever the lesson's own fact says.
    """

    issue: int
    title: str
    state: str
    incident: str
    links: tuple[ChainLink, ...]
    void: tuple[Dismissed, ...]
    broken: tuple[str, ...]
    orders: tuple[Order, ...] = ()
    taught: tuple[PastCase, ...] = ()


@dataclass(frozen=True)
class Audit:
    """Every issue that is an incident or claims anything."""

    issues: tuple[AuditedIssue, ...]

    @property
    def incidents(self) -> int:
        """Verified incidents."""
        return sum(bool(one.incident) for one in self.issues)

    @property
    def verified(self) -> int:
        """Facts that count."""
        return sum(link.prev_ok and link.signature_ok for one in self.issues for link in one.links)

    @property
    def void(self) -> int:
        """What does not count."""
        return sum(len(one.void) for one in self.issues)

    @property
    def broken(self) -> int:
        """What counted once and is missing or altered."""
        return sum(len(one.broken) for one in self.issues)


@dataclass(frozen=True)
class Auditor:
    """Reads with one person's eyes."""

    incidents: IncidentRepository
    orders: Orders

    async def audit(self, number: int | None = None) -> Audit:
        """All issues, or one; `Missing` when there is no such issue."""
        issues = await self.incidents.forge.issues(state="all")
        readings = [await self._read(issue) for issue in issues]
        if number is not None and number not in {issue.number for issue in issues}:
            raise Missing(f"there is no issue {number}")
        agents = {_author(one, comments, link.place) for one, comments in readings for link in _chain(one)}
        cases = [reading.case for reading, _ in readings if reading.case is not None]
        audited = [await self._with_orders(_audited(self.incidents, *one, agents, cases)) for one in readings]
        return Audit(tuple(one for one in audited if number in (None, one.issue) and _matters(one, number)))

    async def _with_orders(self, one: AuditedIssue) -> AuditedIssue:
        """What a person may order counts, though it is no fact."""
        given = tuple(await self.orders.given(one.issue)) if one.incident and one.void else ()
        places = {order.place for order in given}
        return replace(one, orders=given, void=tuple(void for void in one.void if void.place not in places))

    async def _read(self, issue: Issue) -> tuple[ReadIssue, Sequence[Comment]]:
        """Also the comments of what is no incident: a stranger writes where he likes."""
        comments = await self.incidents.forge.comments(issue.number) if issue.comments else ()
        return await self.incidents.reading_of(issue, comments), comments


def _matters(one: AuditedIssue, number: int | None) -> bool:
    return bool(one.incident or one.void or number is not None)


def _chain(reading: ReadIssue) -> tuple[Found, ...]:
    return reading.case.chain if reading.case else ()


def _author(reading: ReadIssue, comments: Sequence[Comment], place: int) -> str:
    return next((one.author for one in comments if one.id == place), reading.issue.author)


def _audited(
    incidents: IncidentRepository,
    reading: ReadIssue,
    comments: Sequence[Comment],
    agents: set[str],
    cases: Sequence[Case],
) -> AuditedIssue:
    chain, issue, case = _chain(reading), reading.issue, reading.case
    before = ("", *(one.digest for one in chain))
    links = tuple(
        _link(incidents, one, reading.signed[one.place], prev) for one, prev in zip(chain, before, strict=False)
    )
    edited = {one.id for one in comments if one.updated != one.created and one.author in agents}
    void = [_dismissed(one, reading, comments, edited) for one in reading.void]
    broken = [f"fact {one.fact.seq} does not verify" for one in links if not (one.prev_ok and one.signature_ok)]
    broken += [case.frozen_reason] if case and case.frozen_reason else []
    broken += [f"comment {one.place}: {one.reason}" for one in void if one.reason == ALTERED]
    broken += ["its opening is missing or altered"] if case is None and _recorded_here(incidents, reading) else []
    taught = past_cases(case, recurrence(case, cases)) if case and case.fact_of(Step.REMEMBER) else ()
    incident = case.incident if case else ""
    return AuditedIssue(
        issue.number, issue.title, issue.state, incident, links, tuple(void), tuple(broken), taught=taught
    )


def _recorded_here(incidents: IncidentRepository, reading: ReadIssue) -> bool:
    """True when an agent has signed a fact for this very issue: it was an incident."""
    here = (incidents.repository, reading.issue.number)
    facts = [one for one in reading.signed.values() if (one.fact.repository, one.fact.issue) == here]
    return any(_signed_by_owner(incidents, one) for one in facts)


def _dismissed(void: Void, reading: ReadIssue, comments: Sequence[Comment], edited: set[int]) -> Dismissed:
    altered = void.place in edited and void.reason in UNVERIFIABLE
    reason = ALTERED if altered else void.reason
    return Dismissed(void.place, _author(reading, comments, void.place), reason)


def _link(incidents: IncidentRepository, found: Found, signed: SignedFact, prev: str) -> ChainLink:
    fact, payload = found.fact, found.fact.payload
    return ChainLink(
        place=found.place,
        fact=fact,
        key_id=signed.key_id,
        digest=signed.digest,
        prev_ok=fact.prev == prev,
        signature_ok=_signed_by_owner(incidents, signed),
        decided=decided(payload),
        rules=answers(payload),
        evidence=evidence(payload),
    )


def _signed_by_owner(incidents: IncidentRepository, one: SignedFact) -> bool:
    signer = incidents.trust.owner(one.key_id, one.message, one.signature, one.fact.at)
    return signer == OWNER[one.fact.step]
