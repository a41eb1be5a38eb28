"""Brain's duties: diagnose, decide, and conclude with a post-mortem."""

from dataclasses import dataclass

from sre_space.agents.inquest import Inquest, told
from sre_space.agents.postmortem import conclude
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.facts import (
    Action,
    CauseKind,
    Confidence,
    Decision,
    Diagnosis,
    Payload,
    Remedy,
    RemedyKind,
    Step,
)
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.runtime import Runtime, Unit

EXPIRES_NS = 60 * 10**9
HOUR_NS = 3600 * 10**9


@dataclass(frozen=True)
class Brain:
    """Reads what the inquest finds and the runtime's state; changes nothing."""

    chart: Chart
    runtime: Runtime
    inquest: Inquest
    ledger: Ledger
    clock: Clock

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """DECIDE or CONCLUDE."""
        return conclude(case, self.clock.now()) if step is Step.CONCLUDE else await self.decide(case)

    async def recorded(self, case: Case) -> None:
        """Nothing follows from a decision: Fixer acts on it."""

    async def decide(self, case: Case) -> Decision | None:
        """A remedy that fits the first cause, or ESCALATE; None while a guardrail says: later."""
        units = {unit.name: unit for unit in await self.runtime.units()}
        diagnosis = await self.inquest.hold(case, units)
        remedy = self._remedy(case, diagnosis, units)
        past = await self.ledger.past_actions(self.clock.now() - HOUR_NS)
        answers = guardrails.ask(self.chart, remedy, case.incident, past, self.clock.now())
        if guardrails.must_wait(answers):
            return None
        if not guardrails.allowed(answers):
            refusal = next(answer for answer in answers if not answer.allowed)
            remedy = escalate(f"{remedy.command} was refused by the rule `{refusal.rule}`: {refusal.reason}")
        return Decision(diagnosis, remedy, answers, self.clock.now() + EXPIRES_NS)

    def _remedy(self, case: Case, diagnosis: Diagnosis, units: dict[str, Unit]) -> Remedy:
        if diagnosis.verdict is Confidence.INCONCLUSIVE or not diagnosis.causes:
            return escalate("the evidence names no cause")
        cause = diagnosis.causes[0]
        if cause.kind not in (CauseKind.CRASH, CauseKind.HANG):
            return escalate(f"{told(cause)}; no remedy of this version fits")
        if cause.service in _restarted(case):
            return escalate(f"a restart of {cause.service} did not help")
        if case.last.attempt >= self.chart.guardrails.attempts:
            return escalate(f"{case.last.attempt} attempts did not help")
        unit = units[self.chart.services[cause.service].unit]
        why = f"{cause.service}: {cause.kind}, explains {cause.score:.0%} of the failed traces"
        return Remedy(RemedyKind.RESTART, cause.service, unit.incarnation, why)


def escalate(reason: str) -> Remedy:
    """A person is asked."""
    return Remedy(RemedyKind.ESCALATE, "", "", reason)


def _restarted(case: Case) -> set[str]:
    actions = [entry.fact.payload for entry in case.chain if isinstance(entry.fact.payload, Action)]
    return {action.remedy.service for action in actions if action.remedy.kind is RemedyKind.RESTART and action.changed}
