"""The list of incidents with its filters, and the week in one sentence."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import median

from sre_space.dashboard.answers.base import Cite, Sentence, State
from sre_space.dashboard.answers.incidents import Facets, IncidentRow, Incidents, Week
from sre_space.dashboard.questions import IncidentQuery
from sre_space.dashboard.reading.header import mode, sources, space
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.loops import state_of
from sre_space.dashboard.reading.parts import joined
from sre_space.dashboard.reading.stories import done, over
from sre_space.dashboard.reading.words import DAY, SECOND, duration, ms, plural
from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Outcome, Step, Undo, Verification
from sre_space.domain.lessons import recurrence
from sre_space.ports.orders import Order
from sre_space.text.diagnosis_report import short_cause
from sre_space.text.plain_text import plain
from sre_space.text.prose import title

WEEK_NS = 7 * DAY
AGENTS = "agents"
HARMED = (Outcome.NOT_RECOVERED, Outcome.WORSE)


def incidents(known: Known, query: IncidentQuery, rows: Sequence[IncidentRow]) -> Incidents:
    """Return the page of `rows` (all incidents, newest first) that the query asks for."""
    matching = [row for row in rows if matches(row, query)]
    page = [row for row in matching if query.before is None or row.number < query.before]
    week = week_of(known, rows)
    return Incidents(
        at=ms(known.now),
        sentence=_sentence(known, week, rows),
        sources=sources(known),
        space=space(known),
        mode=mode(known),
        incidents=tuple(page[: query.limit]),
        matching=len(matching),
        total=len(rows),
        facets=_facets(rows),
        week=week,
        next=page[query.limit - 1].number if len(page) > query.limit else None,
    )


def rows_of(known: Known) -> list[IncidentRow]:
    """Return all incidents as rows, newest first."""
    return [row(case, known, known.orders.get(case.issue, ())) for case in reversed(known.cases)]


def row(case: Case, known: Known, orders: Sequence[Order] = ()) -> IncidentRow:
    """Return one incident as a row of the list."""
    first, decision, verdict = case.detection.symptoms[0], case.latest(Decision), case.latest(Verification)
    cause = decision.diagnosis.causes[0] if decision and decision.diagnosis.causes else None
    recovered = case.fact_of(Step.VERIFY) if case.recovered else None
    owner = next((one.owner for one in case.detection.contacts if one.owner), "")
    return IncidentRow(
        number=case.issue,
        ulid=case.incident,
        title=plain(title(case.detection)),
        state=state_of(case),
        is_open=case.is_open,
        opened=ms(case.opened),
        lasted_s=round((recovered.at - case.detection.since) / SECOND, 2) if recovered else None,
        kind=first.kind.value,
        services=tuple(sorted({plain(symptom.service) for symptom in case.detection.symptoms})),
        cause=short_cause(cause.kind, cause.service) if cause else "",
        verdict=decision.diagnosis.verdict.value if decision else "",
        remedy=decision.remedy.kind.value if decision else "",
        done=done(case).text,
        outcome=verdict.outcome.value if verdict else over(case, known).text,
        asked=asked(case),
        undone=case.latest(Undo) is not None,
        failed_attempts=verdict.failed if verdict else None,
        by=_by(case, orders),
        owner=plain(owner),
        recurred_in=recurrence(case, known.cases[-200:]) or None if case.fact_of(Step.REMEMBER) else None,
    )


def asked(case: Case) -> bool:
    """Return True when a person was asked: an escalation, or a plan."""
    return bool(case.escalated) or any(isinstance(one, Decision) and one.plan for one in case.payloads)


def _by(case: Case, orders: Sequence[Order]) -> str:
    people = [plain(order.by) for order in orders if order.verb in ("approve", "restart", "resolved")]
    acted = any(trial.helped for trial in case.trials)
    return people[-1] if people else AGENTS if acted else ""


def matches(row: IncidentRow, query: IncidentQuery) -> bool:
    """Return True when a row passes all filters and holds the searched words."""
    text = " ".join((row.title, row.cause, row.done, row.outcome, row.ulid, str(row.number), *row.services)).lower()
    return (
        (not query.state or row.state.value in query.state or ("open" if row.is_open else "closed") in query.state)
        and (not query.service or not query.service.isdisjoint(row.services))
        and (not query.kind or row.kind in query.kind)
        and (not query.verdict or row.verdict in query.verdict)
        and (not query.remedy or row.remedy in query.remedy)
        and all(word in text for word in query.search.lower().split())
    )


def _facets(rows: Sequence[IncidentRow]) -> Facets:
    states = Counter(row.state.value for row in rows) + Counter("open" if row.is_open else "closed" for row in rows)
    return Facets(
        state=states,
        service=Counter(service for row in rows for service in row.services),
        kind=Counter(row.kind for row in rows),
        verdict=Counter(row.verdict for row in rows if row.verdict),
        remedy=Counter(row.remedy for row in rows if row.remedy),
    )


def week_of(known: Known, rows: Sequence[IncidentRow]) -> Week:
    """Return the last seven days; an incident counts as healed alone when nobody was asked and it recovered."""
    since = ms(known.now - WEEK_NS)
    recent = [row for row in rows if row.opened >= since]
    wrong = {case.issue for case in known.cases if _was_wrong(case)} | {row.number for row in recent if row.recurred_in}
    over = [row for row in recent if row.lasted_s is not None and not row.asked]
    healed = [row for row in over if row.by == AGENTS]
    times = [row.lasted_s for row in recent if row.lasted_s is not None]
    counts: Mapping[str, int] = {
        "healed_alone": len(healed),
        "asked": sum(row.asked for row in recent),
        "wrong": sum(row.number in wrong for row in recent),
        "undone": sum(row.undone for row in recent),
    }
    middle = round(median(times), 2) if times else None
    text = _words(recent, middle, counts, len(over) - len(healed), rows)
    days = [
        sum(since + day * 86_400_000 <= row.opened < since + (day + 1) * 86_400_000 for row in recent)
        for day in range(7)
    ]
    return Week(
        text=text,
        since=since,
        until=ms(known.now),
        incidents=len(recent),
        **counts,
        median_s=middle,
        strip=tuple(days),
        markdown=_markdown(text, recent),
    )


def _was_wrong(case: Case) -> bool:
    """Return True when a remedy was carried out and did not help."""
    return any(trial.action.changed and trial.outcome in HARMED and not trial.anew for trial in case.trials)


def _words(
    recent: Sequence[IncidentRow],
    middle: float | None,
    counts: Mapping[str, int],
    by_themselves: int,
    rows: Sequence[IncidentRow],
) -> str:
    if not recent:
        last = next((row for row in rows), None)
        before = (
            f" The last: {last.number}{', over after ' + duration(last.lasted_s) if last.lasted_s is not None else ''}."
            if last
            else ""
        )
        return f"No incident in 7 days.{before}"
    took = f" (median {duration(middle)})" if middle is not None else ""
    ways = [
        f"{counts['healed_alone']} healed by the agents alone",
        f"{by_themselves} over by themselves" if by_themselves else "",
        f"{counts['asked']} with a person" if counts["asked"] else "",
    ]
    return f"Last 7 days: {plural(len(recent), 'incident')}{took}, {', '.join(filter(None, ways))}."


def _remarks(known: Known, week: Week) -> str:
    """Return what went wrong in the week, and what it cost."""
    spent = known.detectors.budgets.values() if known.detectors else ()
    return joined(
        [
            f"In {week.wrong} a remedy did not help or did not last" if week.wrong else "",
            f"{plural(week.undone, 'change')} undone" if week.undone else "",
            f"Error budget spent {max(spent) * 100:.0f} %" if spent and week.incidents else "",
        ]
    )


def _sentence(known: Known, week: Week, rows: Sequence[IncidentRow]) -> Sentence:
    ongoing = [row for row in rows if row.is_open]
    state = next((row.state for row in ongoing if row.state is not State.WELL), State.WELL)
    if known.record.error or not known.record.at:
        reason = known.record.error or "the record has not been read yet"
        return Sentence(state=State.UNKNOWN, text="The incidents are not known now.", detail=reason, title="unknown")
    opened = f"{plural(len(ongoing), 'incident')} open now." if ongoing else "Nothing is open."
    detail = " ".join(filter(None, (opened, _remarks(known, week))))
    cites = (Cite(text=f"the facts of {plural(week.incidents, 'incident')}"),)
    return Sentence(state=state, text=week.text, detail=detail, title="incidents", cites=cites)


def _markdown(text: str, rows: Sequence[IncidentRow]) -> str:
    table = [
        f"| {row.number} | {row.title} | {row.cause} | {row.done} | {row.outcome} |".replace("\n", " ") for row in rows
    ]
    head = ["| incident | title | cause | done | outcome |", "|---|---|---|---|---|"] if table else []
    return "\n".join([f"# {text}", "", *head, *table]) + "\n"
