"""Fixer's duties: carry out what was decided, once, and only if it is still right."""

from dataclasses import dataclass

from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.errors import Refused
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Confirmation,
    Decision,
    Payload,
    RemedyKind,
    RuleAnswer,
    Step,
    SymptomKind,
)
from sre_space.domain.labels import FIXED
from sre_space.ports.brake import Brake
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Runtime, Unit

HOUR_NS = 3600 * 10**9
NO_WAY_BACK = "none: a restart has no inverse"


@dataclass(frozen=True)
class Fixer:
    """The only agent that changes the patient."""

    chart: Chart
    runtime: Runtime
    probe: Probe
    ledger: Ledger
    brake: Brake
    clock: Clock

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """ACT or CONFIRM."""
        if step is Step.CONFIRM:
            return Confirmation(FIXED)
        return await self.act(case)

    async def recorded(self, case: Case) -> None:
        """Labels follow from the chain; the loop sets them."""

    async def act(self, case: Case) -> Action | None:
        """The checks in their order, each with its own record; None while halted or told to wait."""
        decision = case.latest(Decision)
        assert decision is not None
        if self.brake.halted():
            return None
        if decision.remedy.kind is RemedyKind.ESCALATE:
            return await self._escalate(case, decision)
        if self.clock.now() > decision.expires:
            return _told(ActionResult.REFUSED, decision, "the decision has expired")
        past = await self.ledger.past_actions(self.clock.now() - HOUR_NS)
        answers = guardrails.ask(self.chart, decision.remedy, case.incident, past, self.clock.now())
        if guardrails.must_wait(answers):
            return None
        if not guardrails.allowed(answers):
            return _told(ActionResult.REFUSED, decision, "a guardrail refused", answers)
        return await self._restart(decision, answers)

    async def _restart(self, decision: Decision, answers: tuple[RuleAnswer, ...]) -> Action | None:
        remedy = decision.remedy
        service = self.chart.services[remedy.service]
        before = await self.runtime.unit(service.unit)
        if before.incarnation != remedy.incarnation:
            detail = "the unit lives another life than the one that was diagnosed"
            return _told(ActionResult.ALREADY_CHANGED, decision, detail, answers, _describe(before))
        if before.state == "running" and (await self.probe.check(service.health)).healthy:
            return _told(ActionResult.CLEARED, decision, "the service answers again", answers, _describe(before))
        if self.brake.halted():
            return None
        try:
            after = await self.runtime.restart(service.unit, remedy.incarnation)
        except Refused as error:
            return _told(ActionResult.ALREADY_CHANGED, decision, str(error), answers, _describe(before))
        return Action(
            ActionResult.DONE, remedy, _describe(before), _describe(after), NO_WAY_BACK, answers,
            f"{remedy.service} restarted",
        )  # fmt: skip

    async def _escalate(self, case: Case, decision: Decision) -> Action:
        symptom = case.detection.symptoms[0]
        service = self.chart.services.get(symptom.service)
        outage = symptom.kind is SymptomKind.INFRASTRUCTURE and service is not None
        if outage and service and (await self.probe.check(service.health)).healthy:
            return _told(ActionResult.CLEARED, decision, f"{service.name} answers again")
        return _told(ActionResult.ESCALATED, decision, decision.remedy.reason)


def _told(
    result: ActionResult,
    decision: Decision,
    detail: str,
    answers: tuple[RuleAnswer, ...] = (),
    state: str = "",
) -> Action:
    return Action(result, decision.remedy, state, state, NO_WAY_BACK, answers, detail)


def _describe(unit: Unit) -> str:
    return f"{unit.state}, {unit.incarnation}"
