"""The loop of every agent: read the case, ask the cycle whose turn it is, do it, sign it, record it."""

from dataclasses import dataclass, field, replace

from sre_space.agents.duty import Duty
from sre_space.domain.case import PLAN_DIGITS, Case, Found
from sre_space.domain.cycle import next_step, patience
from sre_space.domain.errors import Malformed
from sre_space.domain.facts import OWNER, STEP_OF, Agent, Decision, Fact, Payload, Step, judges
from sre_space.domain.labels import labels
from sre_space.loop.casebook import Casebook
from sre_space.loop.clock_check import ClockCheck
from sre_space.loop.pager import Pager
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.outbox import Outbox, Pending
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer
from sre_space.wire.footer import SignedFact, parse_footer, render, sign
from sre_space.wire.prose import invitation, prose


@dataclass
class Runner:
    """One agent at work on cases; it keeps nothing that the issues do not hold but its outbox."""

    agent: Agent
    duty: Duty
    casebook: Casebook
    forge: Forge
    outbox: Outbox
    signer: Signer
    clock: Clock
    reporter: Reporter
    pager: Pager
    clock_check: ClockCheck
    heads: dict[str, tuple[int, str]] = field(default_factory=dict)

    async def visit(self, case: Case) -> int | None:
        """Move one case by at most one step; the id of the comment that recorded it, None when nothing was due."""
        case = self._witnessed(case)
        if case.frozen_reason and self.agent is Agent.FIXER:  # one voice of four: the one that would act
            self.pager.frozen(case)
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
        waits = isinstance(payload, Decision) and payload.plan
        body = render(signed, prose(signed.fact.payload) + (invitation(signed.digest[:PLAN_DIGITS]) if waits else ""))
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

    def _witnessed(self, case: Case) -> Case:
        """Freeze a case whose accepted head, seen before by this process, is gone or altered."""
        seq, digest = self.heads.get(case.incident, (0, case.chain[0].digest))
        if len(case.chain) <= seq or case.chain[seq].digest != digest:
            return replace(case, frozen_reason=f"the accepted fact {seq} is missing or altered")
        self.heads[case.incident] = (case.last.seq, case.chain[-1].digest)
        return case


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
