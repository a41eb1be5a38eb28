"""Audits who decided what on which evidence, from the issues and the trust store alone. Used by `sre-space audit`.

Every link is verified again here by itself; whether it counts is decided in `domain/chain.py`. Issues alone cannot show
that the newest fact of a chain was deleted; a running agent notices that.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sre_space.codec.footer import SignedFact
from sre_space.domain.case import Case, FoundFact, VoidFact
from sre_space.domain.chain import NO_SIGNATURE
from sre_space.domain.errors import Missing
from sre_space.domain.facts import OWNER, Fact, PastCase, RuleAnswer, Step
from sre_space.domain.labels import HOLD, ORDERS
from sre_space.domain.lessons import past_cases, recurrence
from sre_space.ports.forge import Comment, Issue
from sre_space.ports.orders import Order, Orders
from sre_space.record.claims import A_BROKEN_FOOTER
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import ReadIssue
from sre_space.text.audit_report import answers, decided, evidence

ALTERED = "an agent's comment that was edited after it was written"
OF_NO_INCIDENT = ("hold", "release", "halt", "resume")
UNVERIFIABLE = (NO_SIGNATURE, A_BROKEN_FOOTER)


@dataclass(frozen=True)
class ChainLink:
    """One accepted fact: its place, what was decided on which rules and evidence, and whether it verifies."""

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
        """Return the name of the agent that owns the step; `signature_ok` says whether its key signed the fact."""
        return OWNER[self.fact.step].value


@dataclass(frozen=True)
class Dismissed:
    """A text with a footer or a command that does not count, with its author and the reason.

    `place` is the id of its comment, 0 for the issue itself.
    """

    place: int
    author: str
    reason: str


@dataclass(frozen=True)
class AuditedIssue:
    """One issue; `incident` is "" when it opens none. `broken` lists accepted facts that are missing or altered.

    `orders` are those of people who may give them. `taught` is the outcome of each remedy, as known today: a recurrence
    while the lesson was provisional makes it a failure, whatever the lesson's own fact says.
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
    """All issues that are incidents or holds, or contain texts that do not count."""

    issues: tuple[AuditedIssue, ...]

    @property
    def incidents(self) -> int:
        """Return the number of verified incidents."""
        return sum(bool(issue.incident) for issue in self.issues)

    @property
    def verified(self) -> int:
        """Return the number of facts that count."""
        return sum(link.prev_ok and link.signature_ok for issue in self.issues for link in issue.links)

    @property
    def void(self) -> int:
        """Return the number of texts that do not count."""
        return sum(len(issue.void) for issue in self.issues)

    @property
    def broken(self) -> int:
        """Return the number of facts that counted once and are missing or altered."""
        return sum(len(issue.broken) for issue in self.issues)


@dataclass(frozen=True)
class Auditor:
    """Audits issues with the forge access and the trust store of one person."""

    incidents: IncidentRepository
    orders: Orders

    async def audit(self, number: int | None = None) -> Audit:
        """Return the audit of all issues, or of one; raise `Missing` when there is no issue of that number."""
        issues = await self.incidents.forge.issues(state="all")
        readings = [await self._read(issue) for issue in issues]
        if number is not None and number not in {issue.number for issue in issues}:
            raise Missing(f"there is no issue {number}")
        agents = {_author(reading, comments, link.place) for reading, comments in readings for link in _chain(reading)}
        cases = [reading.case for reading, _ in readings if reading.case is not None]
        audited = [
            await self._with_orders(_audited(self.incidents, *read, agents, cases), read[0].issue) for read in readings
        ]
        return Audit(tuple(issue for issue in audited if number in (None, issue.issue) and _matters(issue, number)))

    async def _with_orders(self, issue: AuditedIssue, read: Issue) -> AuditedIssue:
        """Return the issue with the valid orders of people, which are no facts but count.

        On an issue that is no incident those of a hold alone do.
        """
        asked = issue.void and (issue.incident or HOLD in read.labels or ORDERS in read.labels)
        given = await self.orders.given(issue.issue) if asked else ()
        orders = tuple(order for order in given if issue.incident or order.verb in OF_NO_INCIDENT)
        places = {order.place for order in orders}
        return replace(issue, orders=orders, void=tuple(void for void in issue.void if void.place not in places))

    async def _read(self, issue: Issue) -> tuple[ReadIssue, Sequence[Comment]]:
        """Return the issue with its comments, also those of an issue that is no incident."""
        comments = await self.incidents.forge.comments(issue.number) if issue.comments else ()
        return await self.incidents.reading_of(issue, comments), comments


def _matters(issue: AuditedIssue, number: int | None) -> bool:
    return bool(issue.incident or issue.void or issue.orders or number is not None)


def _chain(reading: ReadIssue) -> tuple[FoundFact, ...]:
    return reading.case.chain if reading.case else ()


def _author(reading: ReadIssue, comments: Sequence[Comment], place: int) -> str:
    return next((comment.author for comment in comments if comment.id == place), reading.issue.author)


def _audited(
    incidents: IncidentRepository,
    reading: ReadIssue,
    comments: Sequence[Comment],
    agents: set[str],
    cases: Sequence[Case],
) -> AuditedIssue:
    chain, issue, case = _chain(reading), reading.issue, reading.case
    digests_before = ("", *(found.digest for found in chain))
    links = tuple(
        _link(incidents, found, reading.signed[found.place], prev)
        for found, prev in zip(chain, digests_before, strict=False)
    )
    edited = {comment.id for comment in comments if comment.updated != comment.created and comment.author in agents}
    dismissed = [_dismissed(void, reading, comments, edited) for void in reading.void]
    broken = [f"fact {link.fact.seq} does not verify" for link in links if not (link.prev_ok and link.signature_ok)]
    broken += [case.frozen_reason] if case and case.frozen_reason else []
    broken += [f"comment {text.place}: {text.reason}" for text in dismissed if text.reason == ALTERED]
    broken += ["its opening is missing or altered"] if case is None and _recorded_here(incidents, reading) else []
    taught = past_cases(case, recurrence(case, cases)) if case and case.fact_of(Step.REMEMBER) else ()
    incident = case.incident if case else ""
    return AuditedIssue(
        issue.number, issue.title, issue.state, incident, links, tuple(dismissed), tuple(broken), taught=taught
    )


def _recorded_here(incidents: IncidentRepository, reading: ReadIssue) -> bool:
    """Return True when an agent has signed a fact for this very issue: then it was an incident."""
    here = (incidents.repository, reading.issue.number)
    facts = [signed for signed in reading.signed.values() if (signed.fact.repository, signed.fact.issue) == here]
    return any(_signed_by_owner(incidents, signed) for signed in facts)


def _dismissed(void: VoidFact, reading: ReadIssue, comments: Sequence[Comment], edited: set[int]) -> Dismissed:
    altered = void.place in edited and void.reason in UNVERIFIABLE
    reason = ALTERED if altered else void.reason
    return Dismissed(void.place, _author(reading, comments, void.place), reason)


def _link(incidents: IncidentRepository, found: FoundFact, signed: SignedFact, prev: str) -> ChainLink:
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


def _signed_by_owner(incidents: IncidentRepository, signed: SignedFact) -> bool:
    signer = incidents.trust.owner(signed.key_id, signed.message, signed.signature, signed.fact.at)
    return signer == OWNER[signed.fact.step]
