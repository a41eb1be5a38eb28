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
from sre_space.domain.grounds import OWN_EVIDENCE, Grounds
from sre_space.ports.clock import Clock
from sre_space.ports.ledger import Ledger
from sre_space.ports.orders import Order, Orders

NOTHING_TO_UNDO = "none: nothing was changed"
Answers = tuple[RuleAnswer, ...]


@dataclass(frozen=True)
class Asked:
    """When (Unix ns) it was begun to ask whether a change may be made."""

    at: int
    clock: Clock

    @property
    def outdated(self) -> bool:
        """True when this process did not run for a while since: what was answered is of before, and is asked anew."""
        return self.clock.pauses().after(self.at)


@dataclass(frozen=True)
class Permission:
    """Who is asked. In a `dry_run` everything is asked and nothing is allowed."""

    chart: Chart
    ledger: Ledger
    orders: Orders
    symptoms: Symptoms
    clock: Clock
    dry_run: bool = False

    def asking(self) -> Asked:
        """From now on it is asked."""
        return Asked(self.clock.now(), self.clock)

    async def to_act(
        self, case: Case, decision: Decision, probed: Standing | None = None, unit: str = ""
    ) -> Action | Answers | None:
        """Return what allows it, the record of what does not, None to wait.

        `probed` is how the symptom stands where the unit itself was asked, `unit` what that shows of itself. Where it
        shows nothing because the symptom is over, that is what is recorded; so ends a plan that nobody has approved.
        """
        answers = await self._asked(case, decision, unit)
        if isinstance(answers, Action) or (answers is None and not decision.plan):
            return answers
        symptom = case.detection.symptoms[0]
        standing = probed or await self.symptoms.standing(symptom, case.last.at)
        if standing is Standing.GONE:
            detail = f"the symptom {symptom.key} does not hold any more; nothing was changed"
            return told(ActionResult.CLEARED, decision, detail, answers or ())
        if answers is None or standing is Standing.UNKNOWN:
            return None
        if not guardrails.allowed(answers):
            return _refused(decision, answers)
        return rehearsed(case, decision, answers) if self.dry_run else answers

    async def forbidden(self, case: Case, decision: Decision) -> Action | None:
        """The record that a person forbade it."""
        no = _forbidding(case, await self.orders.given(case.issue))
        if no is None:
            return None
        result = ActionResult.ESCALATED if no.verb == "stop" else ActionResult.FAILED
        return told(result, decision, f"{no.by} said {no.verb} (comment {no.place})")

    async def on_record(self, case: Case, decision: Decision, unit: str = "") -> Answers:
        """The rules and the approval, for the record of what a try that was killed has done: it could not tell."""
        return await self._rules(case, decision, unit) + await self._approval(case, decision)

    async def _asked(self, case: Case, decision: Decision, unit: str) -> Action | Answers | None:
        """People, the clock and the guardrails; a refusal for want of the unit's own evidence is for the caller."""
        if (no := await self.forbidden(case, decision)) is not None:
            return no
        if self.clock.now() > decision.expires:
            return told(ActionResult.REFUSED, decision, "the decision has expired")
        approval = await self._approval(case, decision)
        if decision.plan and not approval:
            return None
        answers = await self._rules(case, decision, unit)
        if guardrails.must_wait(answers):
            return None
        if any(not one.allowed and one.rule != OWN_EVIDENCE for one in answers):
            return _refused(decision, answers)
        return answers + approval

    async def _rules(self, case: Case, decision: Decision, unit: str) -> Answers:
        now = self.clock.now()
        past = await self.ledger.past_actions(now - guardrails.looks_back(decision.remedy))
        grounds = Grounds(decision.diagnosis.verdict, decision.plan, unit)
        return guardrails.ask(self.chart, decision.remedy, case.incident, past, now, grounds=grounds)

    async def _approval(self, case: Case, decision: Decision) -> Answers:
        """Who approved the newest plan; an order for another plan approves nothing."""
        orders = await self.orders.given(case.issue) if decision.plan else ()
        yes = next((one for one in orders if one.verb == "approve" and one.plan == case.plan), None)
        return (
            (RuleAnswer("approval", True, f"{yes.by} approved plan {yes.plan} (comment {yes.place})"),) if yes else ()
        )


def told(result: ActionResult, decision: Decision, detail: str, answers: Answers = ()) -> Action:
    """The record of a decision that was not carried out."""
    return Action(result, decision.remedy, "", "", NOTHING_TO_UNDO, answers, detail)


def _refused(decision: Decision, answers: Answers) -> Action:
    """The record that guardrails refused, which says why: Brain decides anew."""
    why = "; ".join(f"`{one.rule}`: {one.reason}" for one in answers if not one.allowed)
    return told(ActionResult.REFUSED, decision, f"a guardrail refused: {why}", answers)


def rehearsed(case: Case, decision: Decision, answers: Answers) -> Action:
    """Everything allows it, and it is a dry run: a person sees what would be done."""
    shown = f"`sre-space plan {case.issue}` shows it exactly"
    return told(ActionResult.ESCALATED, decision, f"dry run, not done: {decision.remedy.command}; {shown}", answers)


def _forbidding(case: Case, orders: Sequence[Order]) -> Order | None:
    """The order that forbids the newest decision."""
    stops = (order for order in orders if order.verb == "stop" or (order.verb == "reject" and order.plan == case.plan))
    return next(stops, None)
