"""Fixer's duties: carry out what was decided, once and only if still right; take back what did not help."""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.agents.fixer.change import NOTHING_TO_UNDO, Changes
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import Standing, Symptoms
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Confirmation,
    Decision,
    Payload,
    RuleAnswer,
    Step,
    SymptomKind,
)
from sre_space.domain.labels import FIXED
from sre_space.domain.remedies import ConfigChange, Escalate, Restart
from sre_space.ports.brake import Brake
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.orders import Order, Orders
from sre_space.ports.probe import Probe


@dataclass(frozen=True)
class Fixer:
    """The only agent that changes the patient; `restarts` and `changes` are its hands.

    Without `changes` it restarts only: other decisions fail, and what is to be undone waits for a Fixer that can.
    """

    chart: Chart
    restarts: Restarts
    changes: Changes | None
    symptoms: Symptoms
    probe: Probe
    ledger: Ledger
    orders: Orders
    follow_ups: FollowUps
    brake: Brake
    clock: Clock

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """ACT, UNDO or CONFIRM; None while halted."""
        if step is Step.CONFIRM:
            await self._leave_in_order(case)
            return Confirmation(FIXED)
        if self.brake.halted():
            return None
        if step is Step.UNDO:
            return await self.changes.undo(case) if self.changes else None
        return await self.act(case)

    async def recorded(self, case: Case) -> None:
        """Labels follow from the chain; the loop sets them."""

    async def act(self, case: Case) -> Action | None:
        """The checks in their order, each with its own record; None while told to wait."""
        decision = case.latest(Decision)
        assert decision is not None
        remedy = decision.remedy
        if isinstance(remedy, Escalate):
            return await self._escalate(case, decision)
        if not isinstance(remedy, Restart):
            return await self._change(case, decision, remedy)
        answers = await self._asked(case, decision)
        if answers is None or isinstance(answers, Action):
            return answers
        outage = case.detection.symptoms[0].kind is SymptomKind.INFRASTRUCTURE
        if not outage and (standing := await self._standing(case)) is not Standing.HOLDS:
            return _cleared(case, decision, answers) if standing is Standing.GONE else None
        return await self.restarts.carry_out(remedy, answers, outage)

    async def _change(self, case: Case, decision: Decision, remedy: ConfigChange) -> Action | None:
        """What is merged is followed to its end, whatever is asked or said now: history does not expire."""
        if self.changes is None:
            return _told(ActionResult.FAILED, decision, "this Fixer cannot change desired state")
        if await self.changes.begun(case, remedy):
            return await self.changes.finish(case, remedy)
        answers = await self._asked(case, decision)
        if answers is None or isinstance(answers, Action):
            return answers
        if (standing := await self._standing(case)) is not Standing.HOLDS:
            return _cleared(case, decision, answers) if standing is Standing.GONE else None
        return await self.changes.carry_out(case, remedy, answers)

    async def _standing(self, case: Case) -> Standing:
        """Does what the incident was opened for still hold? Of an outage that is restarted the probe tells itself."""
        return await self.symptoms.standing(case.detection.symptoms[0])

    async def _asked(self, case: Case, decision: Decision) -> Action | tuple[RuleAnswer, ...] | None:
        """People, the clock and the guardrails: what allows it, the record of what does not, None to wait."""
        orders, now = await self.orders.given(case.issue), self.clock.now()
        if (no := _forbidden(case, orders)) is not None:
            result = ActionResult.ESCALATED if no.verb == "stop" else ActionResult.FAILED
            return _told(result, decision, f"{no.by} said {no.verb} (comment {no.place})")
        if now > decision.expires:
            return _told(ActionResult.REFUSED, decision, "the decision has expired")
        yes = _approval(case, orders)
        if decision.plan and yes is None:
            return None
        past = await self.ledger.past_actions(now - guardrails.looks_back(decision.remedy))
        answers = guardrails.ask(self.chart, decision.remedy, case.incident, past, now)
        if guardrails.must_wait(answers):
            return None
        if not guardrails.allowed(answers):
            return _told(ActionResult.REFUSED, decision, "a guardrail refused", answers)
        if decision.plan and yes is not None:
            answers += (RuleAnswer("approval", True, f"{yes.by} approved plan {yes.plan} (comment {yes.place})"),)
        return answers

    async def _escalate(self, case: Case, decision: Decision) -> Action:
        symptom = case.detection.symptoms[0]
        service = self.chart.services.get(symptom.service)
        outage = symptom.kind is SymptomKind.INFRASTRUCTURE and service is not None
        if outage and service and (await self.probe.check(service.health)).healthy:
            return _told(ActionResult.CLEARED, decision, f"{service.name} answers again")
        await self._leave_in_order(case)
        return _told(ActionResult.ESCALATED, decision, decision.remedy.reason)

    async def _leave_in_order(self, case: Case) -> None:
        """Before the doctor is done with a case: no pull request is left open, and people know what is left to do."""
        if self.changes is not None:
            await self.changes.clear_away(case)
        await self.follow_ups.open_missing(case)


def _approval(case: Case, orders: Sequence[Order]) -> Order | None:
    """The order that approves the newest plan; one for another plan approves nothing."""
    return next((order for order in orders if order.verb == "approve" and order.plan == case.plan), None)


def _forbidden(case: Case, orders: Sequence[Order]) -> Order | None:
    """The order that forbids the newest decision."""
    stops = (order for order in orders if order.verb == "stop" or (order.verb == "reject" and order.plan == case.plan))
    return next(stops, None)


def _cleared(case: Case, decision: Decision, answers: tuple[RuleAnswer, ...]) -> Action:
    symptom = case.detection.symptoms[0]
    detail = f"the symptom {symptom.key} does not hold any more; nothing was changed"
    return _told(ActionResult.CLEARED, decision, detail, answers)


def _told(
    result: ActionResult, decision: Decision, detail: str, answers: tuple[RuleAnswer, ...] = (), state: str = ""
) -> Action:
    return Action(result, decision.remedy, state, state, NOTHING_TO_UNDO, answers, detail)
