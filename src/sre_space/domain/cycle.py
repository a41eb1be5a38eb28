"""The state machine of an incident: which step is due next, and which agent owns it.

Pure. The runner of each agent calls `next_step` with its case and acts when its agent owns the step. Deadlines count
from the newest fact. An agent passes as `now` that fact's time plus how long the agent's process ran since, so that its
pauses are not counted.
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
    Recall,
    Step,
    Undo,
    Verification,
)
from sre_space.domain.pauses import Pauses

RECALL_PATIENCE = 2_000_000_000  # ns that Brain waits for Memory before it decides alone

CONFIG_CHANGE_S = 300.0  # for a pull request with its checks and its deployment

DEADLINE_S: dict[Step, float] = {
    Step.RECALL: 2.0,
    Step.DECIDE: 10.0,
    Step.ACT: 10.0,
    Step.VERIFY: 60.0,
    Step.UNDO: CONFIG_CHANGE_S,
    Step.CONFIRM: 10.0,
    Step.CONCLUDE: 10.0,
    Step.REMEMBER: 20.0,
}


def successors(case: Case) -> tuple[Step, ...]:
    """Return the steps that may follow the case's newest fact, the usual one first; empty when the chain has ended."""
    match case.last.payload:
        case Detection():
            return (Step.RECALL, Step.DECIDE)
        case Decision():
            return (Step.ACT,)
        case Recall() | Action(result=ActionResult.REFUSED | ActionResult.FAILED):
            return (Step.DECIDE,)
        case Action() | Undo():
            return (Step.VERIFY,)
        case Verification(anew=True):
            return (Step.DECIDE,)
        case Verification(outcome=outcome):
            return (_after_verdict(case, outcome),)
        case Confirmation():
            return (Step.CONCLUDE,)
        case Conclusion():
            return (Step.REMEMBER,)
        case Learnt():
            return ()


def _after_verdict(case: Case, outcome: Outcome) -> Step:
    """Return the step after a verification: undo what did not help where possible, and verify UNDECIDED once more."""
    match outcome:
        case Outcome.RECOVERED:
            return Step.CONFIRM
        case Outcome.NOT_RECOVERED | Outcome.WORSE if undoable(case):
            return Step.UNDO
        case Outcome.UNDECIDED if not _extended(case):
            return Step.VERIFY
        case _:
            return Step.DECIDE


def undoable(case: Case) -> bool:
    """Return True when the newest action can be undone and has not been undone yet."""
    trial = case.trials[-1] if case.trials else None
    return trial is not None and trial.undo is None and trial.action.way_back is not None


def _extended(case: Case) -> bool:
    """Return True when the fact before the newest one was an UNDECIDED verification: one extension is enough."""
    before = case.chain[-2].fact.payload
    return isinstance(before, Verification) and before.outcome is Outcome.UNDECIDED


def deadline_clock(case: Case, pauses: Pauses) -> int:
    """Return the `now` for a case's deadlines (Unix ns): the newest fact's time plus how long the agent ran since."""
    return case.last.at + pauses.ran(case.last.at, pauses.read.wall)


def next_step(case: Case, now: int) -> Step | None:
    """Return the step that is due at `now` (Unix ns); None when the incident has ended or its chain is frozen."""
    if case.frozen_reason or not case.is_open:
        return None
    due = successors(case)
    if not due:
        return None
    waited_for_memory = case.last.step is Step.DETECT and now - case.last.at >= RECALL_PATIENCE
    return due[-1] if waited_for_memory else due[0]


def overdue(case: Case, now: int) -> Step | None:
    """Return the due step when its owner has missed the deadline, else None; a case that waits for people has none."""
    step = next_step(case, now)
    if step is None or waits_for_people(case):
        return None
    return step if now - case.last.at > deadline_ns(case, step) else None


def waits_for_people(case: Case) -> bool:
    """Return True after an escalation, and while a plan waits for its approval."""
    action, last = case.latest(Action), case.last.payload
    return (action is not None and action.result is ActionResult.ESCALATED) or (
        isinstance(last, Decision) and last.plan
    )


def deadline_ns(case: Case, step: Step) -> int:
    """Return the deadline of a step in ns; a decided pull request gets longer: checks, a merge, a deployment."""
    last = case.last.payload
    by_pull_request = isinstance(last, Decision) and bool(last.remedy.edits)
    return int((CONFIG_CHANGE_S if by_pull_request else DEADLINE_S[step]) * 1e9)
