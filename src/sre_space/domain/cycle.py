"""Whose turn it is: the whole life of an incident on one screen.

Pure. The runner of each agent calls `next_step` with its case and acts when the step is its own.
"""

from sre_space.domain.case import Case
from sre_space.domain.facts import (
    Action,
    ActionResult,
    Conclusion,
    Confirmation,
    Decision,
    Detection,
    Learnt,
    Outcome,
    Payload,
    Recall,
    Step,
    Verification,
)

RECALL_PATIENCE = 2_000_000_000  # ns that Brain waits for Memory before it decides alone

DEADLINE_S: dict[Step, float] = {
    Step.RECALL: 2.0,
    Step.DECIDE: 10.0,
    Step.ACT: 10.0,
    Step.VERIFY: 60.0,
    Step.CONFIRM: 10.0,
    Step.CONCLUDE: 10.0,
    Step.REMEMBER: 20.0,
}


def successors(last: Payload) -> tuple[Step, ...]:
    """The steps that may follow; the first is the usual one. Empty: the chain has ended."""
    match last:
        case Detection():
            return (Step.RECALL, Step.DECIDE)
        case Decision():
            return (Step.ACT,)
        case Action(result=ActionResult.REFUSED):
            return (Step.DECIDE,)
        case Action():
            return (Step.VERIFY,)
        case Verification(outcome=Outcome.RECOVERED):
            return (Step.CONFIRM,)
        case Recall() | Verification():
            return (Step.DECIDE,)
        case Confirmation():
            return (Step.CONCLUDE,)
        case Conclusion():
            return (Step.REMEMBER,)
        case Learnt():
            return ()


def next_step(case: Case, now: int) -> Step | None:
    """The one step that is due; None when the chain has ended or is frozen."""
    if case.frozen_reason or not case.is_open:
        return None
    due = successors(case.last.payload)
    if not due:
        return None
    waited_for_memory = case.last.step is Step.DETECT and now - case.last.at >= RECALL_PATIENCE
    return due[-1] if waited_for_memory else due[0]


def overdue(case: Case, now: int) -> Step | None:
    """The due step when its owner has missed its deadline; an escalated case waits for people without one."""
    step = next_step(case, now)
    action = case.latest(Action)
    if step is None or (action is not None and action.result is ActionResult.ESCALATED):
        return None
    return step if now - case.last.at > DEADLINE_S[step] * 1e9 else None
