"""What was done in an incident and whether it is over, in short sentences, each from a fact."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sre_space.dashboard.answers.base import Cite, State
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.loops import measured, verifying, waits_for, waits_for_approval
from sre_space.dashboard.reading.parts import Part, cite
from sre_space.dashboard.reading.said import infinitive, past, said
from sre_space.dashboard.reading.words import SECOND, duration, minute_after, number, percent, plural
from sre_space.domain.case import Case, Trial
from sre_space.domain.configuration import Edit
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Step, Verification
from sre_space.domain.labels import needs_human
from sre_space.domain.remedies import Escalate
from sre_space.text.plain_text import plain

DUTIES: Mapping[str, str] = {
    Step.RECALL: "looks for similar incidents",
    Step.DECIDE: "decides",
    Step.ACT: "acts",
    Step.VERIFY: "measures",
    Step.UNDO: "undoes it",
    Step.CONFIRM: "confirms",
    Step.CONCLUDE: "writes the post-mortem",
    Step.REMEMBER: "learns",
}

TRIED = "tried without success"  # as Brain says it
EFFECTS: Mapping[Outcome, str] = {
    Outcome.WORSE: "the change made it worse",
    Outcome.IMPROVED: "the change helped, but not enough",
    Outcome.NOT_RECOVERED: "the change did not help",
    Outcome.UNDECIDED: "whether the change helped is not decided",
}


def done(case: Case) -> Part:
    """Return what is done, or was; or why nothing is."""
    decision = case.latest(Decision)
    if decision is None:
        if case.is_open:
            return Part("The agents look for the cause", "nothing is changed yet", State.ACTING)
        return Part("Nothing was done", "", State.UNKNOWN)
    change, remedy = edited(decision.remedy.edits), decision.remedy
    if waits_for_approval(case):
        plan = f"plan {case.plan}, until {minute_after(decision.expires)}"
        asked = f"A person is asked: may Fixer {infinitive(remedy)}?"
        return Part(asked, _also(change, plan, _tried(case.trials)), State.HELD, cite(case, Step.DECIDE))
    if _acted_on(case):
        trial, before = case.trials[-1], _tried(case.trials[:-1])
        detail = _without_cause(said(trial.action.detail), decision)
        cites = cite(case, Step.ACT if trial.undo is None else Step.UNDO)
        return replace(_carried_out(trial, change, detail, before), cites=cites)
    if not case.is_open:
        return Part("Nothing was done", _tried(case.trials), State.UNKNOWN)
    about = "A person is being called" if isinstance(remedy, Escalate) else f"Fixer is about to {infinitive(remedy)}"
    return Part(about, _also(change, _tried(case.trials)), State.ACTING, cite(case, Step.DECIDE))


def _acted_on(case: Case) -> bool:
    """Return True once the newest decision has its action."""
    acted, decided = case.fact_of(Step.ACT), case.fact_of(Step.DECIDE)
    return acted is not None and decided is not None and acted.seq > decided.seq


def _carried_out(trial: Trial, change: str, detail: str, before: str) -> Part:
    action, remedy = trial.action, trial.action.remedy
    if action.result is ActionResult.ESCALATED:
        return Part("A person was called", _also("" if TRIED in detail else before, detail), State.HELD)
    if action.result is ActionResult.CLEARED:
        text = "No change" if isinstance(remedy, Escalate) else f"Fixer did not {infinitive(remedy)}"
        return Part(f"{text}: it ended first", _also(detail, before), State.UNKNOWN)
    if not action.changed:
        return Part(f"Fixer did not {infinitive(remedy)}: {action.result.value}", _also(detail, before), State.HELD)
    if trial.undo is not None and trial.undo.result is ActionResult.DONE:
        return Part(f"Fixer {past(remedy)}, and undid it", _also(change, before), State.ACTING)
    if trial.undo is not None:
        undone = f"not undone ({trial.undo.result.value}): {said(trial.undo.detail)}"
        return Part(f"Fixer {past(remedy)}", _also(change, undone, before), State.ACTING)
    allowed = sum(answer.allowed for answer in action.guardrails)
    rules = f"{plural(allowed, 'rule')} allowed it" if allowed else ""
    detail = "" if detail == f"{plain(remedy.service)} restarted" else detail
    return Part(f"Fixer {past(remedy)}", _also(change, detail, rules, before), State.ACTING)


def _without_cause(detail: str, decision: Decision) -> str:
    """Return why a person is called without the cause, which is said before it."""
    cause = decision.diagnosis.cause
    line = f"{plain(cause.service)}: {cause.kind.value}" if cause else ""
    first, _, rest = detail.partition("; ")
    return rest if line and rest and first.startswith(line) else detail


def edited(edits: Sequence[Edit]) -> str:
    """Return edits of desired state in words: `LIMIT 2500 → 250000`."""
    return ", ".join(f"{edit.key} {_value(edit.old)} → {_value(edit.new)}" for edit in edits)


def _value(value: str | None) -> str:
    return "(absent)" if value is None else plain(value)


def _tried(trials: Sequence[Trial]) -> str:
    undone = sum(trial.undo is not None for trial in trials)
    was = "it did not help and was" if undone == 1 else "that did not help and were"
    return f"{plural(undone, 'change')} before {was} undone" if undone else ""


def _also(*parts: str) -> str:
    return "; ".join(filter(None, parts))


def over(case: Case, known: Known, counted: tuple[int, int] | None = None) -> Part:
    """Return whether it is over, measured; `counted` are the good and bad attempts since the action, if known."""
    verdict, cites = case.latest(Verification), cite(case, Step.VERIFY)
    if case.frozen_reason:
        return Part("Not known: its record cannot be trusted", plain(case.frozen_reason), State.UNKNOWN)
    if verdict is not None and case.recovered:
        return Part(f"Yes: recovered after {lasted(case)}", _after(verdict), State.WELL, cites)
    if not case.is_open:
        return Part("Closed, and no recovery was measured", "", State.UNKNOWN, cites)
    if case.trials and isinstance(case.last.payload, Action) and case.last.payload.changed:
        return Part("Not yet: being measured", _progress(case, known, counted), State.ACTING, cite(case, Step.ACT))
    return _not_over(case, waiting(case, known), verdict, cites)


def lasted(case: Case) -> str:
    """Return how long a recovered incident lasted, from its first symptom; "" before the recovery."""
    recovered = case.fact_of(Step.VERIFY) if case.recovered else None
    return duration((recovered.at - case.detection.since) / SECOND) if recovered else ""


def _progress(case: Case, known: Known, counted: tuple[int, int] | None) -> str:
    told = verifying(case, known)
    return measured((told.visits, told.required) if told else None, counted) or waiting(case, known)


def _not_over(case: Case, waits: str, verdict: Verification | None, cites: tuple[Cite, ...]) -> Part:
    if waits_for_approval(case):
        return Part("No: it waits for a person", "", State.FAILING)
    if needs_human(case):
        return Part("No: a person has to act", "", State.FAILING)
    if verdict is None:
        return Part("No", waits, State.FAILING)
    changed = bool(case.trials) and case.trials[-1].action.changed
    words = EFFECTS.get(verdict.outcome, "it goes on") if changed else "it goes on"
    return Part(f"No: {words}", _also(said(verdict.detail), waits), State.FAILING, cites)


def waiting(case: Case, known: Known) -> str:
    """Return what the incident waits for, as people say it: `Brain decides`, `a person decides`."""
    waits = waits_for(case, known)
    agent, _, step = waits.partition(": ")
    if waits.startswith("a person"):
        return f"it waits for {waits}"
    return f"{agent.capitalize()} {DUTIES[step]} now" if step in DUTIES else f"it waits for {waits}"


def _after(verdict: Verification) -> str:
    count, total = verdict.journey, verdict.journey.good + verdict.journey.bad
    interval = f" (95 % interval {percent(verdict.low)} to {percent(verdict.high)})" if total else ""
    succeeded = f"{number(count.good)} of {plural(total, 'attempt')} succeeded afterwards{interval}"
    return f"{succeeded}. From the first symptom until then {number(verdict.failed)} failed"
