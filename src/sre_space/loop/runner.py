"""The loop of every agent: read the case, ask the cycle whose turn it is, do it, sign it, record it."""

from dataclasses import dataclass, field, replace

from sre_space.codec.footer import SignedFact, parse_footer, render, sign
from sre_space.domain.case import PLAN_DIGITS, Case, Found
from sre_space.domain.cycle import next_step, patience
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import OWNER, STEP_OF, Agent, Decision, Fact, Payload, Step, judges
from sre_space.domain.grounds import why_it_waits
from sre_space.domain.labels import FROZEN, labels
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.duty import Duty
from sre_space.loop.pager import PATIENCE_NS, Pager
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.outbox import Outbox, Pending
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer
from sre_space.record.incident_repository import IncidentRepository
from sre_space.record.reading import LABELLED
from sre_space.text.prose import invitation, prose


@dataclass
class Runner:
    """One agent at work on cases; it keeps nothing that the issues do not hold but its outbox.

    For each incident it remembers the newest fact that it has read (`heads`), and the one that it has recorded itself
    and not read yet (`posted`, and when, in Unix ns): what is deleted then was there.
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
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)
    posted: dict[str, tuple[SignedFact, int]] = field(default_factory=dict)

    async def visit(self, case: Case) -> int | None:
        """Move one case by at most one step; the id of the comment that recorded it, None when nothing was due."""
        case = self._witnessed(case)
        if await self._asked_for_people(case) or self._not_readable_yet(case):
            return None
        pending = self._pending(case)
        await self._settle(case)
        step = next_step(case, patience(case, self.clock.pauses()))
        if step is None or OWNER[step] is not self.agent or self.clock_check.wrong():
            return None
        pending = pending or await self._perform(case, step)
        return await self._post(case, pending) if pending else None

    async def _perform(self, case: Case, step: Step) -> Pending | None:
        begun = self.clock.now()
        payload = await self.duty.perform(case, step)
        if payload is None or self._outdated(payload, begun):
            return None
        pending = self._signed(case, payload)
        self.outbox.put(pending)
        return pending

    def _outdated(self, payload: Payload, at: int) -> bool:
        """True for a judgement of before a pause, to be made anew; what was done is told whenever."""
        return judges(payload) and self.clock.pauses().after(at)

    def _signed(self, case: Case, payload: Payload) -> Pending:
        step = STEP_OF[type(payload)]
        head, last = case.chain[-1], case.last
        attempt = last.attempt + (isinstance(payload, Decision) and case.latest(Decision) is not None)
        fact = Fact(
            case.incident, last.repository, case.issue, last.seq + 1, head.digest, step, attempt,
            self.clock.now(), payload,
        )  # fmt: skip
        signed = sign(fact, self.signer)
        asked = payload if isinstance(payload, Decision) and payload.plan else None
        invited = invitation(signed.digest[:PLAN_DIGITS], why_it_waits(asked.guardrails)) if asked else ""
        body = render(signed, prose(signed.fact.payload) + invited)
        return Pending(case.issue, case.incident, fact.seq, fact.prev, body)

    def _pending(self, case: Case) -> Pending | None:
        """What an interrupted try left to post; what another fact, or a pause, overtook is dropped."""
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
        if any(entry.digest == signed.digest for entry in case.chain):  # it was written, and the answer was lost
            self._told(case, signed)
        return None

    async def _post(self, case: Case, pending: Pending) -> int:
        comment = await self.forge.comment(pending.issue, pending.body)
        self.outbox.drop(pending.incident)
        signed = _parsed(pending)
        self.posted[pending.incident] = signed, self.ran()
        self._told(replace(case, chain=(*case.chain, Found(comment, signed.fact, signed.digest, self.agent))), signed)
        return comment

    def _told(self, case: Case, signed: SignedFact) -> None:
        """What this agent has recorded is reported, and people are called if it asks for them."""
        before = case.chain[signed.fact.seq - 1].fact
        self.reporter.recorded(signed.fact, signed.digest, case.chain[0].digest, before.at)
        self.pager.recorded(case, signed.fact.payload)

    async def _settle(self, case: Case) -> None:
        """What follows from this agent's own last fact: labels, closing. Repeated until it shows."""
        if OWNER[case.last.step] is not self.agent or not case.is_open:
            return
        wanted = labels(case)
        if set(case.labels) != set(wanted):
            await self.forge.set_labels(case.issue, wanted)
        await self.duty.recorded(case)

    async def _asked_for_people(self, case: Case) -> bool:
        """True for a frozen case. Somebody calls: Fixer, who would act, or who else knows of it when Fixer does not.

        The label tells every agent, also one that is started later: what is missing may have been seen by one alone.
        It is set on what stays so: a forge may show an older page once.
        """
        patience = 0 if self.agent is Agent.FIXER else PATIENCE_NS
        heard = FROZEN in case.labels and (self.agent is not Agent.FIXER or case.frozen_reason == LABELLED)
        if not heard:
            self.pager.frozen(case, self.ran(), patience)
        if self.pager.frozen_for(case, self.ran()) >= PATIENCE_NS and FROZEN not in case.labels:
            await self.forge.set_labels(case.issue, (*labels(case), FROZEN))
        return bool(case.frozen_reason)

    def ran(self) -> int:
        """Return how long this process has run, in ns: what it waits by."""
        return self.clock.pauses().ran(0, self.clock.now())

    def _not_readable_yet(self, case: Case) -> bool:
        """True while this agent's own newest fact is on its way: a forge may show a comment a moment later."""
        return case.incident in self.posted

    def _witnessed(self, case: Case) -> Case:
        """Freeze a case whose accepted head, seen or recorded before by this process, is gone or altered."""
        if (missing := self._unread(case)) and self.ran() - missing[1] >= PATIENCE_NS:
            return replace(case, frozen_reason=f"the accepted fact {missing[0]} is missing or altered")
        seq, digest = self.heads.get(case.incident, (0, case.chain[0].digest))
        if len(case.chain) <= seq or case.chain[seq].digest != digest:
            return replace(case, frozen_reason=f"the accepted fact {seq} is missing or altered")
        self.heads[case.incident] = (case.last.seq, case.chain[-1].digest)
        return case

    def _unread(self, case: Case) -> tuple[int, int] | None:
        """The number of the fact that this agent has recorded and cannot read, and how long it had run then (ns).

        Another fact in its place was faster, and this one is void.
        """
        if case.incident not in self.posted:
            return None
        signed, at = self.posted[case.incident]
        if len(case.chain) > signed.fact.seq:
            del self.posted[case.incident]
            return None
        return signed.fact.seq, at


def _damage(pending: Pending) -> str:
    """Why what waits is no fact as this agent signed it; "" when it is one."""
    try:
        signed = parse_footer(pending.body)
    except Malformed as error:
        return str(error)
    if signed is None:
        return "it has no footer"
    fact = signed.fact
    told = (fact.issue, fact.incident, fact.seq, fact.prev)
    same = told == (pending.issue, pending.incident, pending.seq, pending.prev)
    return "" if same else "its footer is of another fact"


def _parsed(pending: Pending) -> SignedFact:
    """What it holds: this agent's own signed fact."""
    signed = parse_footer(pending.body)
    assert signed is not None
    return signed
