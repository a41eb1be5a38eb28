"""The loop strip of an incident: each step done in so long, being done, or what it waits for."""

from collections.abc import Iterator, Sequence

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import Loop, LoopStep, Progress
from sre_space.dashboard.reading.known import Counted, Known
from sre_space.dashboard.reading.said import infinitive, past
from sre_space.dashboard.reading.words import SECOND, ms, number, plural
from sre_space.domain.case import Case, FoundFact
from sre_space.domain.cycle import deadline_ns, next_step, overdue, waits_for_people
from sre_space.domain.detectors import VerificationReport
from sre_space.domain.facts import OWNER, Action, ActionResult, Decision, Recall, Step, Undo, Verification
from sre_space.domain.guardrails import hold_of
from sre_space.domain.holds import WAITING_STEPS
from sre_space.domain.labels import needs_human
from sre_space.text.holds import until
from sre_space.text.plain_text import plain
from sre_space.text.prose import title

USUAL = (Step.DETECT, Step.RECALL, Step.DECIDE, Step.ACT, Step.VERIFY, Step.CONFIRM, Step.CONCLUDE, Step.REMEMBER)
DONE, DOING, WAITS, SKIPPED, LATER = "done", "doing", "waits", "skipped", "later"


def loop(case: Case, known: Known, since_action: Counted | None = None) -> Loop:
    """Return the loop strip of an incident; `since_action` are the attempts since its newest action."""
    first, waits, now = case.detection.symptoms[0], waits_for(case, known), known.now
    due = next_step(case, now)
    late = overdue(case, now)
    progress = _progress(case, known, since_action)
    return Loop(
        incident=case.issue,
        ulid=case.incident,
        title=plain(title(case.detection)),
        kind=first.kind.value,
        services=tuple(sorted({symptom.service for symptom in case.detection.symptoms})),
        state=state_of(case),
        since=ms(case.detection.since),
        opened=ms(case.opened),
        attempt=case.last.attempt,
        steps=tuple(_steps(case, due, waits, progress)),
        waits_for=waits,
        waits_for_person=case.is_open and needs_human(case),
        plan=case.plan if waits_for_approval(case) else "",
        expires=_expires(case),
        overdue_s=round((now - case.last.at) / SECOND, 1) if late else None,
        progress=progress,
        frozen=plain(case.frozen_reason),
    )


def waits_for_approval(case: Case) -> bool:
    """Return True while the incident has a plan that waits for a person."""
    return case.is_open and isinstance(case.last.payload, Decision) and case.last.payload.plan


def state_of(case: Case) -> State:
    """Return the incident's state as the page shows it."""
    if not case.is_open:
        return State.WELL if case.recovered or case.fact_of(Step.CONFIRM) else State.UNKNOWN
    if case.frozen_reason:
        return State.UNKNOWN
    if case.recovered:
        return State.WELL
    return State.FAILING if case.latest(Action) is None or waits_for_people(case) else State.ACTING


def waits_for(case: Case, known: Known) -> str:
    """Return what the incident waits for, in the words of `sre-space incidents`."""
    step = next_step(case, known.now)
    if case.is_open and needs_human(case):
        return f"a person{': ' + plain(case.frozen_reason) if case.frozen_reason else ''}"
    if step is None:
        return ""
    hold = hold_of(known.config, case, known.holds, known.now) if step in WAITING_STEPS else None
    if hold is not None:
        return f"the end of a hold ({hold.source}), {until(hold)}, then {OWNER[step]}: {step}"
    return f"{OWNER[step]}: {step}"


def text_of(entry: FoundFact) -> str:
    """Return what a step came to, in a few words."""
    match entry.fact.payload:
        case Decision(diagnosis=diagnosis, remedy=remedy, plan=plan):
            return f"{diagnosis.verdict.value}: {infinitive(remedy)}{', if a person approves' if plan else ''}"
        case Action(result=ActionResult.ESCALATED):
            return "a person was called"
        case Action(result=result, remedy=remedy):
            return past(remedy) if result is ActionResult.DONE else f"{result.value}: {infinitive(remedy)}"
        case Undo(result=result, remedy=remedy):
            return f"{'undone' if result is ActionResult.DONE else result.value}: {infinitive(remedy)}"
        case Verification(outcome=outcome):
            return outcome.value
        case Recall(cases=cases):
            return f"{plural(len(cases), 'similar incident')}" if cases else "nothing similar"
        case _:
            return ""


def _steps(case: Case, due: Step | None, waits: str, progress: Progress | None) -> Iterator[LoopStep]:
    """Yield the usual steps with the newest fact of each in this attempt; confirm is part of conclude."""
    newest = {entry.fact.step: place for place, entry in enumerate(case.chain)}
    decided = newest.get(Step.DECIDE, -1)
    for step in USUAL:
        place = newest.get(step, -1)
        outdated = step in (Step.ACT, Step.VERIFY) and place < decided
        if place >= 0 and not outdated and step is not due:
            yield _done(case, place)
        elif step is due:
            yield _due(case, step, waits, progress)
        elif USUAL.index(step) < _reached(newest, due):
            yield LoopStep(step=step.value, agent=OWNER[step].value, state=SKIPPED, at=None, took_s=None)
        else:
            yield LoopStep(step=step.value, agent=OWNER[step].value, state=LATER, at=None, took_s=None)


def _reached(newest: dict[Step, int], due: Step | None) -> int:
    steps = [USUAL.index(step) for step in (*newest, *((due,) if due else ())) if step in USUAL]
    return USUAL.index(due) if due in USUAL else max(steps, default=0)


def _done(case: Case, place: int) -> LoopStep:
    entry = case.chain[place]
    before = case.chain[place - 1].fact.at if place else case.detection.since
    return LoopStep(
        step=entry.fact.step.value,
        agent=OWNER[entry.fact.step].value,
        state=DONE,
        at=ms(entry.fact.at),
        took_s=round((entry.fact.at - before) / SECOND, 2),
        text=text_of(entry),
    )


def _due(case: Case, step: Step, waits: str, progress: Progress | None) -> LoopStep:
    by_agent = waits == f"{OWNER[step]}: {step}"
    text = "" if by_agent else f"waits for {waits}"
    if by_agent and step is Step.VERIFY and progress is not None:
        text = _counted(progress)
    deadline = ms(case.last.at + deadline_ns(case, step)) if by_agent else _expires(case)
    return LoopStep(
        step=step.value,
        agent=OWNER[step].value,
        state=DOING if by_agent else WAITS,
        at=None,
        took_s=None,
        text=text,
        until=deadline,
    )


def measured(visits: tuple[int, int] | None, counted: tuple[int, int] | None) -> str:
    """Return how far a verification is, as one count: the good visits in a row, of those required, where Scout says it.

    Otherwise it is the good and bad attempts since the action; "" when these are not known either.
    """
    if visits is not None:
        return f"{min(visits)} of {visits[1]} good visits in a row"
    if counted is None:
        return ""
    if not any(counted):
        return "no attempt has been counted since the action"
    return f"{number(counted[0])} good and {number(counted[1])} bad attempts since the action"


def _counted(progress: Progress) -> str:
    visits = None if progress.visits is None else (progress.visits, progress.needed)
    counted = None if progress.good is None else (progress.good, progress.bad or 0)
    return measured(visits, counted)


def _expires(case: Case) -> int | None:
    return (
        ms(case.last.payload.expires) if waits_for_approval(case) and isinstance(case.last.payload, Decision) else None
    )


def _progress(case: Case, known: Known, counted: Counted | None) -> Progress | None:
    acted = case.fact_of(Step.ACT)
    if acted is None or next_step(case, known.now) is not Step.VERIFY:
        return None
    journeys = known.config.concerned([symptom.service for symptom in case.detection.symptoms])
    needed = max((journey.good_visits for journey in journeys), default=0)
    good, bad = (counted.good, counted.bad) if counted else (None, None)
    told = verifying(case, known)
    visits, needed = (told.visits, told.required) if told else (None, needed)
    return Progress(good=good, bad=bad, needed=needed, since=ms(acted.at), visits=visits)


def verifying(case: Case, known: Known) -> VerificationReport | None:
    """Return how far Scout says that the verification of an incident is; None when it does not say it."""
    report = known.detectors
    return next((one for one in report.verifying if one.incident == case.incident), None) if report else None


def loops(known: Known, since_action: dict[int, Counted]) -> Sequence[Loop]:
    """Return the strips of all open incidents, the newest first."""
    return [loop(case, known, since_action.get(case.issue)) for case in reversed(known.open)]
