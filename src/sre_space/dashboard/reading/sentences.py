"""The sentence of each view, composed from facts and Scout's report. What is not known is never said to be well."""

from collections.abc import Sequence

from sre_space.dashboard.answers.base import Cite, Sentence, State
from sre_space.dashboard.answers.now import JourneyNow, ServiceNow
from sre_space.dashboard.reading.causes import why
from sre_space.dashboard.reading.detector_words import measure
from sre_space.dashboard.reading.detector_words import named as detector_named
from sre_space.dashboard.reading.header import mode
from sre_space.dashboard.reading.known import Counted, Known
from sre_space.dashboard.reading.loops import state_of, waits_for
from sre_space.dashboard.reading.outcomes import ended_as, is_over
from sre_space.dashboard.reading.parts import capital, joined
from sre_space.dashboard.reading.stories import done, lasted, over
from sre_space.dashboard.reading.troubles import OF_JOURNEYS, for_whom, of_customers, trouble, trouble_of, wrong
from sre_space.dashboard.reading.words import (
    SECOND,
    clock,
    duration,
    listed,
    minute_after,
    ms,
    ms_or_none,
    name_of,
    number,
    percent,
    plural,
)
from sre_space.domain.case import Case
from sre_space.domain.detectors import DetectorState
from sre_space.domain.holds import Hold
from sre_space.text.plain_text import plain

BLIND = (
    "Whether customers are served is not known. Only outages are judged, by Scout's own probes; "
    "no recovery is confirmed until telemetry arrives again"
)
GRAVITY = (State.FAILING, State.ACTING, State.DEGRADED, State.UNKNOWN, State.WELL)


def of_now(
    known: Known, journeys: Sequence[JourneyNow], services: Sequence[ServiceNow], counted: dict[int, Counted]
) -> Sentence:
    """Return the sentence of the view *Now*; the first of these that holds is said."""
    return (
        _not_heard(known)
        or _blind(known)
        or _incident_open(known, counted)
        or _fires(known)
        or _restricted(known, journeys)
        or _not_judged(known, journeys, services)
        or _well(known, journeys)
    )


def _sentence(known: Known, state: State, text: str, detail: str, title: str, **more: object) -> Sentence:
    away = f"The record does not answer: {known.record.error}" if known.record.error else ""
    return Sentence.model_validate(
        {"state": state, "text": text, "detail": joined([detail, away]), "title": title, **more}
    )


def _not_heard(known: Known) -> Sentence | None:
    if known.fresh:
        return None
    if known.report is None:
        detail = known.report_error or "Nothing is known of the application, which does not mean that it is well"
        return _sentence(known, State.UNKNOWN, "Scout has sent no report yet.", detail, "unknown")
    age = duration(abs(known.now - known.report.at) / SECOND)
    if known.report.at > known.now:
        text = f"Scout's clock is {age} ahead of this one: its report says nothing about now."
        return _sentence(known, State.UNKNOWN, text, "Set the clock of both machines, by NTP", "unknown")
    text = f"Nothing was heard from Scout for {age}. Nothing is judged, and below is {clock(known.report.at)}."
    since = ms(known.report.at)
    return _sentence(known, State.UNKNOWN, text, _open_words(known), "unknown", since=since, cites=(_report(known),))


def _blind(known: Known) -> Sentence | None:
    if not known.blind:
        return None
    reports = known.detectors.detectors if known.detectors else ()
    first = next((one for one in reports if one.state is DetectorState.BLIND), None)
    reason = plain(first.why) if first and first.why else "telemetry does not reach it"
    since = ms_or_none(first.since) if first else None
    text = f"Scout is blind: {reason}."
    detail = joined([BLIND, _open_words(known)])
    return _sentence(known, State.BLIND, text, detail, "BLIND", since=since, cites=(_report(known),))


def _open_words(known: Known) -> str:
    numbers = [str(case.issue) for case in known.open]
    return f"Open incidents: {listed(numbers, 5)}" if numbers else ""


def _incident_open(known: Known, counted: dict[int, Counted]) -> Sentence | None:
    if not known.open:
        return None
    case = min(known.open, key=lambda case: (GRAVITY.index(state_of(case)), case.issue))
    others = [str(other.issue) for other in known.open if other is not case]
    sentence = of_incident(known, case, counted.get(case.issue))
    more = f"Also open: {listed(others, 5)}" if others else ""
    return sentence.model_copy(update={"detail": joined([sentence.detail, more])})


def of_incident(known: Known, case: Case, counted: Counted | None = None) -> Sentence:
    """Return the sentence of one incident: what, and below since when, why, what was done, is it over."""
    first, cause, deed = wrong(case, known), why(case), done(case)
    end = over(case, known, (counted.good, counted.bad) if counted else None)
    state, since = state_of(case), case.detection.since
    halted = "The agents are HALTED: nothing is done" if known.halted and case.is_open else ""
    story = [_with(part.text, part.detail) for part in (cause, deed, end)]
    held = case.is_open and waits_for(case, known).startswith("the end of a hold")
    return Sentence(
        state=State.HELD if held else state,
        text=_headline(case, known, "" if is_over(case) else first.text),
        detail=joined([*(() if is_over(case) else (first.detail,)), *story, halted]),
        title=f"incident {case.issue}: {state.value if case.is_open else ended_as(case)}",
        since=ms(since),
        incident=case.issue,
        cites=tuple(dict.fromkeys((*first.cites, *cause.cites, *deed.cites, *end.cites))),
    )


def _headline(case: Case, known: Known, present: str) -> str:
    """Return what is wrong at present; of what has ended its cause, or what was wrong, and who is served again."""
    if present:
        return f"{present}."
    cause, first = why(case), case.detection.symptoms[0]
    was = cause.text if cause.state is State.WELL else capital(trouble(first, past=True))
    if not case.recovered:
        return f"{was}. {over(case, known).text}."
    customers = of_customers(known, case)
    return f"{was}. Over: {f'{customers} ' if customers else ''}recovered after {lasted(case)}."


def _with(text: str, detail: str) -> str:
    return f"{text}{' ' if text.endswith('?') else '; '}{detail}" if detail else text


def _fires(known: Known) -> Sentence | None:
    firing = [one for one in known.detectors.detectors if one.state is DetectorState.FIRING] if known.detectors else []
    if not firing:
        return None
    first = firing[0]
    shown, subject = detector_named(first, known.now), plain(first.subject)
    lasts = f", for {duration((known.now - first.since) / SECOND)}" if first.since else ""
    text = f"{capital(trouble_of(first.kind, subject))}: {measure(first) or plain(first.why)}{lasts}."
    customers = for_whom(known, [first.subject])
    needed = f"Customers of {customers} need it" if customers and first.kind not in OF_JOURNEYS else ""
    fire = f"{plural(len(firing), 'detector')} {'fires' if len(firing) == 1 else 'fire'}"
    then = "the agents are HALTED" if known.halted else "Scout opens an incident unless it is excused"
    detail = joined([needed, f"{fire}; {then}"])
    return _sentence(known, shown.state, text, detail, shown.state.value, since=shown.since, cites=(_report(known),))


def _restricted(known: Known, journeys: Sequence[JourneyNow]) -> Sentence | None:
    """Return that people stopped the agents, with how the journeys are all the same."""
    how = _well(known, journeys) if all(one.state is State.WELL for one in journeys) else None
    rest = how.text if how and how.state is State.WELL else ""
    if known.halted:
        text = "The agents are HALTED: they watch, record, and do nothing."
        return _sentence(known, State.HALTED, text, rest, "HALTED")
    if known.holds:
        last = max(known.holds, key=lambda hold: hold.until)
        return _sentence(known, State.HELD, _held(last), rest, "held", since=ms(last.since))
    if known.halted is None:
        return _sentence(known, State.UNKNOWN, "It is not known whether the agents are halted.", rest, "unknown")
    return None


def _held(hold: Hold) -> str:
    return f"{plain(hold.names)}: held until {minute_after(hold.until)} by {name_of(hold.by)}; the agents only watch."


def _not_judged(known: Known, journeys: Sequence[JourneyNow], services: Sequence[ServiceNow]) -> Sentence | None:
    rows: list[JourneyNow | ServiceNow] = [*journeys, *services]
    for state, word in (
        (State.UNKNOWN, "UNKNOWN, not well"),
        (State.BLIND, "not seen"),
        (State.EXCUSED, "excused"),
        (State.HELD, "held"),
    ):
        first = next((row for row in rows if row.state is state), None)
        if first is not None:
            because = f": {first.why}" if first.why else ""
            same = [row.name for row in rows if row.state is state]
            names = f"{listed(same)} {'is' if len(same) == 1 else 'are'}"
            cites = (_report(known),)
            return _sentence(
                known, state, f"{names} {word}{because}.", _well_rest(rows), word, since=first.since, cites=cites
            )
    learning = next((row for row in rows if row.state is State.LEARNING), None)
    if learning is None:
        return None
    text = f"Learning what is usual: {learning.why}."
    return _sentence(known, State.LEARNING, text, "Outages are already seen", "learning", cites=(_report(known),))


def _well_rest(rows: Sequence[JourneyNow | ServiceNow]) -> str:
    well = sum(row.state is State.WELL for row in rows)
    return f"{well} of {len(rows)} journeys and services are well" if well else ""


def _well(known: Known, journeys: Sequence[JourneyNow]) -> Sentence:
    counts = [known.hour[journey.name] for journey in journeys if journey.name in known.hour]
    good, total = sum(count.good for count in counts), sum(count.good + count.bad for count in counts)
    cites = (_report(known),)
    if not journeys:
        services = len(known.config.services)
        return _sentence(
            known,
            State.WELL,
            f"All {plural(services, 'service')} are well.",
            "No journey is declared",
            "well",
            cites=cites,
        )
    if not total:
        return _sentence(
            known,
            State.UNKNOWN,
            "No attempts were counted yet: nothing is known of the journeys.",
            "",
            "unknown",
            cites=cites,
        )
    span = known.now - min(count.since for count in counts)
    window = "the last hour" if span >= 3_590 * SECOND else f"the last {duration(span / SECOND)}"
    text = f"All journeys are well: {percent(good / total)} of {number(total)} attempts in {window}."
    if len(journeys) == 1:
        text = text.replace("All journeys are", f"{plain(journeys[0].name)} is", 1)
    detail = mode(known).text if known.dry_run else ""
    return _sentence(known, State.WELL, text, detail, "well", cites=cites)


def _report(known: Known) -> Cite:
    return Cite(text=f"Scout's report of {clock(known.report.at)}" if known.report else "no report")
