"""May the newest decision be carried out at this moment? Asked right before each change. Used by `fixer.py`.

In this order: what people said, the clock, the guardrails, the symptom, and last the dry run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.agents.fixer.symptoms import Standing, Symptoms
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.chart import Chart
from sre_space.domain.facts import Action, ActionResult, Decision, RuleAnswer
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.orders import Order, Orders

NOTHING_TO_UNDO = "none: nothing was changed"
Answers = tuple[RuleAnswer, ...]


@dataclass(frozen=True)
class Permission:
    """Who is asked. In a `dry_run` everything is asked and nothing is allowed."""

    chart: Chart
    ledger: Ledger
    orders: Orders
    symptoms: Symptoms
    clock: Clock
    dry_run: bool = False

    async def to_act(self, case: Case, decision: Decision, probed: bool) -> Action | Answers | None:
        """What allows it, the record of what does not, None to wait; `probed` asks the service itself afterwards."""
        answers = await self._asked(case, decision)
        if answers is None or isinstance(answers, Action):
            return answers
        symptom = case.detection.symptoms[0]
        standing = Standing.HOLDS if probed else await self.symptoms.standing(symptom)
        if standing is Standing.UNKNOWN:
            return None
        if standing is Standing.GONE:
            detail = f"the symptom {symptom.key} does not hold any more; nothing was changed"
            return told(ActionResult.CLEARED, decision, detail, answers)
        return rehearsed(case, decision, answers) if self.dry_run else answers

    async def _asked(self, case: Case, decision: Decision) -> Action | Answers | None:
        """People, the clock and the guardrails."""
        orders, now = await self.orders.given(case.issue), self.clock.now()
        if (no := _forbidden(case, orders)) is not None:
            result = ActionResult.ESCALATED if no.verb == "stop" else ActionResult.FAILED
            return told(result, decision, f"{no.by} said {no.verb} (comment {no.place})")
        if now > decision.expires:
            return told(ActionResult.REFUSED, decision, "the decision has expired")
        yes = _approval(case, orders)
        if decision.plan and yes is None:
            return None
        past = await self.ledger.past_actions(now - guardrails.looks_back(decision.remedy))
        answers = guardrails.ask(self.chart, decision.remedy, case.incident, past, now)
        if guardrails.must_wait(answers):
            return None
        if not guardrails.allowed(answers):
            return told(ActionResult.REFUSED, decision, "a guardrail refused", answers)
        if decision.plan and yes is not None:
            answers += (RuleAnswer("approval", True, f"{yes.by} approved plan {yes.plan} (comment {yes.place})"),)
        return answers


def told(result: ActionResult, decision: Decision, detail: str, answers: Answers = ()) -> Action:
    """The record of a decision that was not carried out."""
    return Action(result, decision.remedy, "", "", NOTHING_TO_UNDO, answers, detail)


def rehearsed(case: Case, decision: Decision, answers: Answers) -> Action:
    """Everything allows it, and it is a dry run: a person sees what would be done."""
    shown = f"`sre-space plan {case.issue}` shows it exactly"
    return told(ActionResult.ESCALATED, decision, f"dry run, not done: {decision.remedy.command}; {shown}", answers)


def _approval(case: Case, orders: Sequence[Order]) -> Order | None:
    """The order that approves the newest plan; one for another plan approves nothing."""
    return next((order for order in orders if order.verb == "approve" and order.plan == case.plan), None)


def _forbidden(case: Case, orders: Sequence[Order]) -> Order | None:
    """The order that forbids the newest decision."""
    stops = (order for order in orders if order.verb == "stop" or (order.verb == "reject" and order.plan == case.plan))
    return next(stops, None)
