"""Decides whether the newest decision may be carried out now. Asked directly before each change, by `fixer.py`.

The order of the checks: people's orders, expiry, approval, the guardrails, the symptom, and last the dry run.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sre_space.agents.fixer.symptoms import SymptomReports, SymptomState
from sre_space.domain import guardrails
from sre_space.domain.case import Case
from sre_space.domain.facts import Action, ActionResult, Decision, RuleAnswer
from sre_space.domain.grounds import OWN_EVIDENCE, Grounds
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.holds import Holds
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.orders import Order, Orders

NOTHING_TO_UNDO = "none: nothing was changed"
Answers = tuple[RuleAnswer, ...]


@dataclass(frozen=True)
class PermissionCheck:
    """The start of a permission check (Unix ns), to find out whether its answers are still current."""

    at: int
    clock: Clock

    @property
    def outdated(self) -> bool:
        """Return True when this process was paused since then: the answers are too old, and the check is repeated."""
        return self.clock.pauses().after(self.at)


@dataclass(frozen=True)
class Permission:
    """Asks people's orders and holds, the guardrails and Scout's symptom reports.

    In a `dry_run` everything is asked, and every action is escalated instead of carried out.
    """

    config: SpaceConfig
    incidents: IncidentRepository
    orders: Orders
    holds: Holds
    symptoms: SymptomReports
    clock: Clock
    dry_run: bool = False

    def begin_check(self) -> PermissionCheck:
        """Return the present time as the start of a permission check."""
        return PermissionCheck(self.clock.now(), self.clock)

    async def to_act(
        self, case: Case, decision: Decision, probed: SymptomState | None = None, unit: str = ""
    ) -> Action | Answers | None:
        """Return the guardrails' answers that allow the action, an Action that records why not, or None to wait.

        `probed` is the state of the symptom where the unit itself was probed, `unit` what the unit shows that justifies
        a restart. When the symptom is gone, the record says CLEARED: also where the unit shows nothing, and for a plan
        that nobody has approved yet.
        """
        answers = await self._check(case, decision, unit)
        if isinstance(answers, Action) or (answers is None and not decision.plan):
            return answers
        symptom = case.detection.symptoms[0]
        state = probed or await self.symptoms.state_of(symptom, case.last.at)
        if state is SymptomState.GONE:
            detail = f"the symptom {symptom.key} does not hold any more; nothing was changed"
            return not_carried_out(ActionResult.CLEARED, decision, detail, answers or ())
        if answers is None or state is SymptomState.UNKNOWN:
            return None
        if not guardrails.allowed(answers):
            return _refused(decision, answers)
        return dry_run_record(case, decision, answers) if self.dry_run else answers

    async def forbidden(self, case: Case, decision: Decision) -> Action | None:
        """Return the record that a person stopped or rejected the decision; None when nobody did."""
        order = _forbidding(case, await self.orders.given(case.issue))
        if order is None:
            return None
        result = ActionResult.ESCALATED if order.verb == "stop" else ActionResult.FAILED
        return not_carried_out(result, decision, f"{order.by} said {order.verb} (comment {order.place})")

    async def on_record(self, case: Case, decision: Decision, unit: str = "") -> Answers:
        """Return the guardrails' answers and the approval, to record an action that an interrupted attempt has done."""
        return await self._rules(case, decision, unit) + await self._approval(case, decision)

    async def _check(self, case: Case, decision: Decision, unit: str) -> Action | Answers | None:
        """Return the answers of guardrails and people, an Action that records the refusal, or None to wait.

        A refusal for lack of the unit's own evidence is left in the answers: the caller asks about the symptom first.
        """
        if (forbidden := await self.forbidden(case, decision)) is not None:
            return forbidden
        if self.clock.now() > decision.expires:
            return not_carried_out(ActionResult.REFUSED, decision, "the decision has expired")
        approval = await self._approval(case, decision)
        if decision.plan and not approval:
            return None
        answers = await self._rules(case, decision, unit)
        if guardrails.must_wait(answers):
            return None
        if any(not answer.allowed and answer.rule != OWN_EVIDENCE for answer in answers):
            return _refused(decision, answers)
        return answers + approval

    async def _rules(self, case: Case, decision: Decision, unit: str) -> Answers:
        """Return the guardrails' answers about the decided remedy."""
        now = self.clock.now()
        past = await self.incidents.past_actions(now - guardrails.lookback_ns(decision.remedy))
        grounds = Grounds(decision.diagnosis.verdict, decision.plan, unit)
        holds = await self.holds.current()
        return guardrails.ask(self.config, decision.remedy, case.incident, past, now, grounds=grounds, holds=holds)

    async def _approval(self, case: Case, decision: Decision) -> Answers:
        """Return a person's approval of the newest plan as an answer; () without one. Other plans do not count."""
        orders = await self.orders.given(case.issue) if decision.plan else ()
        approval = next((order for order in orders if order.verb == "approve" and order.plan == case.plan), None)
        return (
            (RuleAnswer("approval", True, f"{approval.by} approved plan {approval.plan} (comment {approval.place})"),)
            if approval
            else ()
        )


def not_carried_out(result: ActionResult, decision: Decision, detail: str, answers: Answers = ()) -> Action:
    """Return the record of a decision that was not carried out."""
    return Action(result, decision.remedy, "", "", NOTHING_TO_UNDO, answers, detail)


def _refused(decision: Decision, answers: Answers) -> Action:
    """Return the record of a guardrail's refusal with its reasons; Brain decides anew after it."""
    why = "; ".join(f"`{answer.rule}`: {answer.reason}" for answer in answers if not answer.allowed)
    return not_carried_out(ActionResult.REFUSED, decision, f"a guardrail refused: {why}", answers)


def dry_run_record(case: Case, decision: Decision, answers: Answers) -> Action:
    """Return the record of an allowed action in a dry run: an escalation that names the action and how to see it."""
    shown = f"`sre-space plan {case.issue}` shows it exactly"
    return not_carried_out(
        ActionResult.ESCALATED, decision, f"dry run, not done: {decision.remedy.command}; {shown}", answers
    )


def _forbidding(case: Case, orders: Sequence[Order]) -> Order | None:
    """Return the order that stops the incident or rejects the newest plan; None when there is none."""
    stops = (order for order in orders if order.verb == "stop" or (order.verb == "reject" and order.plan == case.plan))
    return next(stops, None)
