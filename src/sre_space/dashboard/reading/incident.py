"""The view of one incident, composed from its case, its reading of the issue, and what is kept of it."""

from collections.abc import Sequence

from sre_space.analysis.diagnosis.tables import Change
from sre_space.dashboard.answers.incident import (
    BeforeAfter,
    Contact,
    FourAnswers,
    IncidentAnswer,
    OrderRow,
    Question,
    SeenBefore,
    ServiceThen,
    TrialRow,
    VoidRow,
    You,
)
from sre_space.dashboard.answers.now import Mark
from sre_space.dashboard.reading import chain as chains
from sre_space.dashboard.reading.causes import why
from sre_space.dashboard.reading.decision import decision
from sre_space.dashboard.reading.fact_rows import Material, fact_rows, markdown, postmortem
from sre_space.dashboard.reading.feed import marks
from sre_space.dashboard.reading.header import mode, sources, space
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.loops import loop, state_of, waits_for
from sre_space.dashboard.reading.moments import lanes, moments
from sre_space.dashboard.reading.outcomes import ended_as
from sre_space.dashboard.reading.parts import Part
from sre_space.dashboard.reading.said import said
from sre_space.dashboard.reading.sentences import of_incident
from sre_space.dashboard.reading.stories import done, over
from sre_space.dashboard.reading.troubles import wrong
from sre_space.dashboard.reading.words import HOUR, ms, ms_or_none
from sre_space.domain.case import Case
from sre_space.domain.facts import (
    Action,
    Decision,
    Recall,
    Step,
)
from sre_space.domain.snapshot import ServiceSnapshot
from sre_space.text.plain_text import plain
from sre_space.text.prose import title

MAX_DIFF = 8_000  # characters
UNDECIDED = "not decided yet"
MEMORY_SILENT = "Memory did not answer in time"


def incident(known: Known, material: Material, you: You) -> IncidentAnswer:
    """Return the view of an incident as `you` see it."""
    case, counted = material.case, material.counted
    first, decided = case.detection.symptoms[0], case.latest(Decision)
    links, links_why = chains.chain(decided.diagnosis, material.examined.diagnosis) if decided else ((), UNDECIDED)
    return IncidentAnswer(
        at=ms(known.now),
        sentence=of_incident(known, case, counted),
        sources=sources(known),
        space=space(known),
        mode=mode(known),
        number=case.issue,
        ulid=case.incident,
        title=plain(title(case.detection)),
        kind=first.kind.value,
        services=tuple(sorted({symptom.service for symptom in case.detection.symptoms})),
        state=state_of(case),
        is_open=case.is_open,
        phase=phase(case, known),
        since=ms(case.detection.since),
        opened=ms(case.opened),
        ended=_ended(case),
        url=f"{known.issues_url}{case.issue}" if known.issues_url else "",
        labels=case.labels,
        answers=_answers(known, material),
        loop=loop(case, known, counted),
        moments=tuple(moments(case)),
        lanes=tuple(lanes(case)),
        chart=material.chart or _no_chart(case),
        chain=tuple(links),
        chain_why=links_why,
        evidence=tuple(chains.evidence(decided.diagnosis, material.examined.diagnosis)) if decided else (),
        decision=decision(case, you),
        trials=tuple(_trials(case)),
        others=tuple(chains.others(decided.diagnosis)) if decided else (),
        others_why="" if decided and len(decided.diagnosis.causes) > 1 else "no other cause was found",
        seen_before=tuple(_seen(case)),
        seen_before_why=_not_seen(case),
        changes=tuple(_changes(known, material)),
        changes_why="" if material.examined.changes is not None or known.report else "no report says what was deployed",
        snapshot=tuple(map(_then, case.detection.snapshot.services)) if case.detection.snapshot else (),
        facts=tuple(fact_rows(material)),
        void=tuple(VoidRow(place=void.place, reason=plain(void.reason)) for void in case.void),
        orders=_orders(material),
        frozen=plain(case.frozen_reason),
        contacts=_contacts(case),
        postmortem=postmortem(case),
        kept=material.examined.kept,
        markdown=markdown(material),
    )


def _answers(known: Known, material: Material) -> FourAnswers:
    case, counted = material.case, material.counted
    return FourAnswers(
        wrong=_question(wrong(case, known)),
        why=_question(why(case)),
        done=_question(done(case)),
        over=_question(over(case, known, (counted.good, counted.bad) if counted else None)),
    )


def _orders(material: Material) -> tuple[OrderRow, ...]:
    return tuple(
        OrderRow(verb=one.verb, plan=plain(one.plan), by=plain(one.by), place=one.place) for one in material.orders
    )


def _contacts(case: Case) -> tuple[Contact, ...]:
    return tuple(
        Contact(service=one.service, owner=plain(one.owner), runbook=one.runbook) for one in case.detection.contacts
    )


def _question(part: Part) -> Question:
    return Question(text=part.text, detail=part.detail, state=part.state)


def phase(case: Case, known: Known) -> str:
    """Return in a few words how far the incident is."""
    if case.frozen_reason:
        return "frozen"
    if not case.is_open:
        return ended_as(case)
    waits = waits_for(case, known)
    return {
        "memory: recall": "detected",
        "brain: decide": "deciding",
        "fixer: act": "acting",
        "scout: verify": "verifying",
        "fixer: undo": "undoing",
        **dict.fromkeys(("fixer: confirm", "brain: conclude", "memory: remember"), ended_as(case)),
    }.get(waits, f"waits for {waits}")


def _ended(case: Case) -> int | None:
    recovered = case.fact_of(Step.VERIFY) if case.recovered else None
    return ms(recovered.at) if recovered else None if case.is_open else ms(case.last.at)


def _no_chart(case: Case) -> BeforeAfter:
    return BeforeAfter(
        of="",
        shows="success",
        since=ms(case.detection.since),
        until=ms(case.last.at),
        resolution_s=1,
        times=(),
        lines={},
        why="the history of that time is gone: it is kept for 14 days, and only while the dashboard runs",
    )


def _trials(case: Case) -> Sequence[TrialRow]:
    acted = [entry.fact.at for entry in case.chain if isinstance(entry.fact.payload, Action)]
    return [
        TrialRow(
            command=plain(trial.action.remedy.command),
            result=trial.action.result.value,
            detail=said(trial.action.detail),
            before=plain(trial.action.before),
            after=plain(trial.action.after),
            outcome=trial.outcome.value if trial.outcome else None,
            undone=f"{trial.undo.result.value}: {said(trial.undo.detail)}" if trial.undo else "",
            in_force=trial.in_force,
            at=ms(at),
        )
        for trial, at in zip(case.trials, acted, strict=True)
    ]


def _seen(case: Case) -> Sequence[SeenBefore]:
    recall = case.latest(Recall)
    return [
        SeenBefore(
            issue=past.issue,
            similarity=past.similarity,
            cause=plain(past.cause_text),
            remedy=said(past.remedy),
            helped=past.worked,
            text=said(past.outcome_text),
            said=plain(past.said),
            said_by=plain(past.said_by),
        )
        for past in (recall.cases if recall else ())
    ]


def _not_seen(case: Case) -> str:
    recall = case.latest(Recall)
    if recall is None:
        return MEMORY_SILENT
    return "" if recall.cases else "no similar incident is remembered"


def _before(at: int, case: Case) -> bool:
    return ms(case.detection.begun - HOUR) <= at <= ms(case.opened)


def _changes(known: Known, material: Material) -> Sequence[Mark]:
    """Return the changes of the hour before: those that the diagnosis looked at, before it those of Scout's report."""
    case, looked_at = material.case, material.examined.changes
    if looked_at is None:
        return [mark for mark in marks(known) if _before(mark.at, case) and mark.kind == "change"]
    by_id: dict[str, list[Change]] = {}
    for change in looked_at:
        by_id.setdefault(change.id, []).append(change)
    return sorted((_mark(same) for same in by_id.values()), key=lambda mark: mark.at)


def _mark(same: Sequence[Change]) -> Mark:
    """Return one change, which may concern several services, as a mark."""
    first = same[0]
    return Mark(
        id=plain(first.id),
        at=ms(first.applied or first.time),
        kind="change",
        text=plain(first.summary or f"{first.kind} {first.id[:12]}"),
        services=tuple(sorted({plain(change.service) for change in same if change.service})),
        commit=plain(first.id),
        diff="\n".join(map(plain, first.diff.splitlines()))[:MAX_DIFF],
    )


def _then(row: ServiceSnapshot) -> ServiceThen:
    return ServiceThen(
        service=plain(row.service),
        state=plain(row.state),
        since=ms_or_none(row.since),
        restarts=row.restarts,
        memory=row.memory,
        memory_limit=row.memory_limit,
        cpu=row.cpu,
        rate=row.rate,
        errors=row.errors,
        p95_s=row.p95,
        commit=row.commit,
        lines=tuple(map(plain, row.lines)),
    )
