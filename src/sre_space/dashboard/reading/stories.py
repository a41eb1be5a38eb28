"""What happened in an incident in short sentences, each from a fact: wrong, why, done, over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.dashboard.answers.base import Cite, State
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.loops import in_a_row, state_of, verifying, waits_for, waits_for_approval
from sre_space.dashboard.reading.words import SECOND, clock, duration, minute_after, number, percent, plural
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import Action, ActionResult, Decision, Outcome, Step, Undo, Verification
from sre_space.domain.remedies import Escalate, Restart
from sre_space.domain.symptoms import JourneyCount, SymptomKind
from sre_space.text.diagnosis_report import short_cause
from sre_space.text.plain_text import plain

TROUBLE: Mapping[SymptomKind, str] = {
    SymptomKind.INFRASTRUCTURE: "{subject} does not answer",
    SymptomKind.SATURATION: "{subject} is running out of a resource",
    SymptomKind.ERROR: "requests to {subject} fail",
    SymptomKind.LATENCY: "requests to {subject} are slow",
    SymptomKind.CONVERSION: "fewer customers than usual finish {subject}",
    SymptomKind.SLO: "{subject} spends its error budget too fast",
}

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


@dataclass(frozen=True)
class Part:
    """One sentence without its full stop, what is to be read below it, its state, and the fact it comes from."""

    text: str
    detail: str
    state: State
    cites: tuple[Cite, ...] = ()


def cite(case: Case, step: Step) -> tuple[Cite, ...]:
    """Return where the newest fact of a step stands; () without one."""
    fact = case.fact_of(step)
    return (Cite(text=f"fact {fact.seq} of incident {case.issue}", incident=case.issue, seq=fact.seq),) if fact else ()


def wrong(case: Case) -> Part:
    """Return what is, or was, wrong."""
    detection = case.detection
    first, count = detection.symptoms[0], detection.journey
    trouble = TROUBLE[first.kind].format(subject=plain(first.service))
    total = count.good + count.bad
    failed = f": {number(count.bad)} of {plural(total, 'attempt')} failed" if count.bad else f": {plain(first.detail)}"
    more = len({symptom.key for symptom in detection.symptoms}) - 1
    detail = plain(first.detail) + (f"; and {plural(more, 'further symptom')}" if more else "")
    state = State.WELL if _over(case) else State.FAILING
    return Part(
        f"{_capital(trouble)}{failed}", f"{detail}, since {clock(detection.since)}", state, cite(case, Step.DETECT)
    )


def why(case: Case) -> Part:
    """Return the cause with its verdict; a cause that was not found is said not to be."""
    decision = case.latest(Decision)
    if decision is None:
        return Part("The cause is not known yet", "", State.UNKNOWN)
    diagnosis, cites = decision.diagnosis, cite(case, Step.DECIDE)
    cause = diagnosis.cause
    if cause is None:
        suspected = diagnosis.causes[0] if diagnosis.causes else None
        first = f"; first suspicion: {short_cause(suspected.kind, suspected.service)}" if suspected else ""
        return Part("The cause was not found", f"{diagnosis.verdict.value}{first}", State.UNKNOWN, cites)
    state = State.WELL if diagnosis.verdict is Confidence.CONFIRMED else State.UNKNOWN
    explains = f"{diagnosis.verdict.value}, explains {percent(cause.score)} of what failed"
    change = f"; by the change {diagnosis.change[:12]}" if diagnosis.change else ""
    return Part(_capital(short_cause(cause.kind, cause.service)), explains + change, state, cites)


def done(case: Case) -> Part:
    """Return what was done, or why nothing was."""
    undo, action, decision = case.latest(Undo), case.latest(Action), case.latest(Decision)
    cites = cite(case, Step.ACT)
    if waits_for_approval(case) and decision is not None:
        expires = minute_after(decision.expires)
        return Part(
            f"Waits for a person: {decision.remedy.name}",
            f"plan {case.plan}, until {expires}",
            State.HELD,
            cite(case, Step.DECIDE),
        )
    if undo is not None and case.trials and case.trials[-1].undo is not None:
        return Part(
            f"{undo.remedy.name}: undid what did not help", plain(undo.detail), State.ACTING, cite(case, Step.UNDO)
        )
    if action is None:
        return Part("Nothing was done yet" if case.is_open else "Nothing was done", "", State.UNKNOWN)
    allowed = sum(answer.allowed for answer in action.guardrails)
    rules = f"; {plural(allowed, 'rule')} allowed it" if action.guardrails and action.changed else ""
    state = State.ACTING if action.changed else State.HELD
    return Part(_deed(action), f"{plain(action.detail)}{rules}", state, cites)


def _deed(action: Action) -> str:
    remedy, service = action.remedy, plain(action.remedy.service)
    if action.result is ActionResult.ESCALATED or isinstance(remedy, Escalate):
        return "A person was asked"
    if action.result is not ActionResult.DONE:
        return f"{action.result.value.capitalize()}: {remedy.name}"
    return f"Fixer restarted {service}" if isinstance(remedy, Restart) else f"Fixer changed {service}: {remedy.name}"


def over(case: Case, known: Known, counted: tuple[int, int] | None = None) -> Part:
    """Return whether it is over, measured; `counted` are the good and bad attempts since the action, if known."""
    verdict, cites = case.latest(Verification), cite(case, Step.VERIFY)
    if case.frozen_reason:
        return Part("Not known: its record cannot be trusted", plain(case.frozen_reason), State.UNKNOWN)
    if verdict is not None and verdict.outcome is Outcome.RECOVERED:
        recovered = case.fact_of(Step.VERIFY)
        took = duration((recovered.at - case.detection.since) / SECOND) if recovered else ""
        return Part(f"Over: recovered after {took}", _measured(verdict.journey, verdict), State.WELL, cites)
    if not case.is_open:
        return Part("Closed, and no recovery was measured", "", State.UNKNOWN, cites)
    waits = waiting(case, known)
    action = case.latest(Action)
    if action is not None and action.changed and isinstance(case.last.payload, Action):
        good, bad = counted or (0, 0)
        since = f"{number(good)} good and {number(bad)} bad attempts since the action" if counted else waits
        told = verifying(case, known)
        since = f"{in_a_row(told.visits, told.required)}; {since}" if told else since
        return Part("Not yet: it is being measured", since, State.ACTING, cite(case, Step.ACT))
    if verdict is not None:
        return Part(f"No: {verdict.outcome.value.lower()}", f"{plain(verdict.detail)}; {waits}", State.FAILING, cites)
    return Part("Not yet", waits, State.FAILING)


def waiting(case: Case, known: Known) -> str:
    """Return what the incident waits for, as people say it: `Brain decides`, `a person decides`."""
    waits = waits_for(case, known)
    agent, _, step = waits.partition(": ")
    if waits.startswith("a person"):
        return f"it waits for {waits}"
    return f"{agent.capitalize()} {DUTIES[step]} now" if step in DUTIES else f"it waits for {waits}"


def _measured(count: JourneyCount, verdict: Verification) -> str:
    total = count.good + count.bad
    interval = f", 95 % interval {percent(verdict.low)} to {percent(verdict.high)}" if total else ""
    succeeded = f"{number(count.good)} of {plural(total, 'attempt')} succeeded afterwards{interval}"
    return f"{succeeded}; {number(verdict.failed)} had failed"


def _over(case: Case) -> bool:
    return state_of(case) is State.WELL


def _capital(text: str) -> str:
    """Return the text with a capital, unless it begins with a name, whose spelling is its own."""
    return text[:1].upper() + text[1:] if text[:1].islower() and text.split(" ", 1)[0].isalpha() else text


def joined(parts: Sequence[str]) -> str:
    """Return sentences as one text, each with its full stop."""
    return " ".join(f"{part.rstrip('.')}." for part in parts if part)
