"""The loop of every agent: read the case, determine the due step, perform it, sign it, record it."""

import logging
from dataclasses import dataclass, field, replace

from sre_space.codec.footer import SignedFact, parse_footer, render, sign
from sre_space.domain.case import PLAN_DIGITS, Case, FoundFact
from sre_space.domain.cycle import deadline_clock, next_step
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import OWNER, STEP_OF, Action, Agent, Decision, Fact, Payload, Recall, Step, Verification
from sre_space.domain.grounds import why_it_waits
from sre_space.domain.labels import FROZEN, labels
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.duty import Duty
from sre_space.loop.hold_gate import HoldGate
from sre_space.loop.pager import PATIENCE_NS, Pager
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.outbox import Outbox, Pending
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import LABELLED
from sre_space.text.audit_report import decided
from sre_space.text.prose import invitation, prose, scrub

log = logging.getLogger(__name__)


@dataclass
class Runner:
    """Runs one agent on incidents; it keeps no state that the issues do not hold, except its outbox.

    `heads` is the newest fact that was read of each incident, `posted` the newest fact that this process has recorded
    and not read back yet, with the time at which it was recorded (ns of running time). A fact that is missing later was
    deleted.
    """

    agent: Agent
    duty: Duty
    incidents: IncidentRepository
    forge: Forge
    outbox: Outbox
    signer: Signer
    clock: Clock
    reporter: Reporter
    pager: Pager
    clock_check: ClockCheck
    hold_gate: HoldGate
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    posted: dict[str, tuple[SignedFact, int]] = field(default_factory=dict)

    async def visit(self, case: Case) -> int | None:
        """Advance the case by at most one step; return the id of the comment that records it, None if there is none."""
        case = self._with_missing_facts(case)
        if await self._page_if_frozen(case) or self._awaits_own_fact(case):
            return None
        pending = self._pending(case)
        await self._settle(case)
        step = next_step(case, deadline_clock(case, self.clock.pauses()))
        if step is None or OWNER[step] is not self.agent or self.clock_check.wrong():
            return None
        if pending is None and await self.hold_gate.stops(case, step):
            return None
        pending = pending or await self._perform(case, step)
        return await self._post(case, pending) if pending else None

    async def _perform(self, case: Case, step: Step) -> Pending | None:
        started = self.clock.now()
        payload = await self.duty.perform(case, step)
        if payload is None or self._outdated(payload, started):
            return None
        pending = self._signed(case, payload)
        self.outbox.put(pending)
        return pending

    def _outdated(self, payload: Payload, at: int) -> bool:
        """Return True for a judgement from before a pause, which is made again; a record of an action never is."""
        return _assesses_situation(payload) and self.clock.pauses().after(at)

    def _signed(self, case: Case, payload: Payload) -> Pending:
        step = STEP_OF[type(payload)]
        head, last = case.chain[-1], case.last
        attempt = last.attempt + (isinstance(payload, Decision) and case.latest(Decision) is not None)
        fact = Fact(
            case.incident, last.repository, case.issue, last.seq + 1, head.digest, step, attempt,
            self.clock.now(), payload,
        )  # fmt: skip
        signed = sign(fact, self.signer)
        plan = payload if isinstance(payload, Decision) and payload.plan else None
        approval_text = invitation(signed.digest[:PLAN_DIGITS], why_it_waits(plan.guardrails)) if plan else ""
        body = render(signed, prose(signed.fact.payload) + approval_text)
        return Pending(case.issue, case.incident, fact.seq, fact.prev, body)

    def _pending(self, case: Case) -> Pending | None:
        """Return the signed fact that an interrupted attempt left to post, or None.

        A fact that another fact or a pause has overtaken is dropped, a damaged one is set aside.
        """
        pending = self.outbox.get(case.incident)
        if pending is None:
            return None
        if (why := _damage(pending)) != "":
            self.outbox.set_aside(case.incident, why)
            return None
        signed = _parsed(pending)
        due = (pending.seq, pending.prev) == (case.last.seq + 1, case.chain[-1].digest)
        if due and not self._outdated(signed.fact.payload, signed.fact.at):
            return pending
        self.outbox.drop(case.incident)
        if any(entry.digest == signed.digest for entry in case.chain):  # recorded, but the forge's answer was lost
            self._report(case, signed)
        return None

    async def _post(self, case: Case, pending: Pending) -> int:
        comment = await self.forge.comment(pending.issue, pending.body)
        self.outbox.drop(pending.incident)
        signed = _parsed(pending)
        self.posted[pending.incident] = signed, self.ran()
        self._report(
            replace(case, chain=(*case.chain, FoundFact(comment, signed.fact, signed.digest, self.agent))), signed
        )
        return comment

    def _report(self, case: Case, signed: SignedFact) -> None:
        """Report a fact that this agent has recorded, log it, and page people if it asks for them."""
        log.info("issue %d, %s: %s", case.issue, signed.fact.step, scrub(decided(signed.fact.payload)))
        before = case.chain[signed.fact.seq - 1].fact
        self.reporter.recorded(signed.fact, signed.digest, case.chain[0].digest, before.at)
        self.pager.recorded(case, signed.fact.payload)

    async def _settle(self, case: Case) -> None:
        """Finish what follows from this agent's own newest fact, labels and closing, until the issue shows it."""
        if OWNER[case.last.step] is not self.agent or not case.is_open:
            return
        required = labels(case)
        if set(case.labels) != set(required):
            await self.forge.set_labels(case.issue, required)
        await self.duty.recorded(case)

    async def _page_if_frozen(self, case: Case) -> bool:
        """Return True for a frozen case, and page people: first Fixer, other agents when Fixer has not after a while.

        A label tells every agent, also one that is started later, since a missing fact may have been seen by one agent
        alone. It is set only when the case stays frozen: a forge may show an old page once.
        """
        deadline_clock = 0 if self.agent is Agent.FIXER else PATIENCE_NS
        paged = FROZEN in case.labels and (self.agent is not Agent.FIXER or case.frozen_reason == LABELLED)
        if not paged:
            self.pager.frozen(case, self.ran(), deadline_clock)
        if self.pager.frozen_for(case, self.ran()) >= PATIENCE_NS and FROZEN not in case.labels:
            await self.forge.set_labels(case.issue, (*labels(case), FROZEN))
        return bool(case.frozen_reason)

    def ran(self) -> int:
        """Return for how long this process has run, in ns, without pauses."""
        return self.clock.pauses().ran(0, self.clock.now())

    def _awaits_own_fact(self, case: Case) -> bool:
        """Return True until this agent's newest fact can be read: a forge may show a comment with a delay."""
        return case.incident in self.posted

    def _with_missing_facts(self, case: Case) -> Case:
        """Return the case, frozen when a fact that this process has read or recorded before is missing or altered."""
        if (missing := self._unread(case)) and self.ran() - missing[1] >= PATIENCE_NS:
            return replace(case, frozen_reason=f"the accepted fact {missing[0]} is missing or altered")
        seq, digest = self.heads.get(case.incident, (0, case.chain[0].digest))
        if len(case.chain) <= seq or case.chain[seq].digest != digest:
            return replace(case, frozen_reason=f"the accepted fact {seq} is missing or altered")
        self.heads[case.incident] = (case.last.seq, case.chain[-1].digest)
        return case

    def _unread(self, case: Case) -> tuple[int, int] | None:
        """Return the number of the recorded fact that cannot be read, and when it was recorded (ns of running time).

        Return None when there is none. A fact of another process that took its place was faster: then this one is void.
        """
        if case.incident not in self.posted:
            return None
        signed, at = self.posted[case.incident]
        if len(case.chain) > signed.fact.seq:
            del self.posted[case.incident]
            return None
        return signed.fact.seq, at


def _damage(pending: Pending) -> str:
    """Return why the pending text is not the fact as this agent signed it, or "" when it is."""
    try:
        signed = parse_footer(pending.body)
    except Malformed as error:
        return str(error)
    if signed is None:
        return "it has no footer"
    fact = signed.fact
    ids = (fact.issue, fact.incident, fact.seq, fact.prev)
    same = ids == (pending.issue, pending.incident, pending.seq, pending.prev)
    return "" if same else "its footer is of another fact"


def _parsed(pending: Pending) -> SignedFact:
    """Return the pending fact of this agent."""
    signed = parse_footer(pending.body)
    assert signed is not None
    return signed


def _assesses_situation(payload: Payload) -> bool:
    """Return True for a payload that assesses the situation from evidence; False for one that reports a change."""
    unchanged = isinstance(payload, Action) and not payload.changed
    return unchanged or isinstance(payload, Recall | Decision | Verification)
