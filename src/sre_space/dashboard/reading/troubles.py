"""What is, or was, wrong in an incident: which service or journey, for whom, since when, and one count with its window.

A headline has one count: the attempts of the journeys that the incident concerns, else what the symptom itself counts.
"""

from collections.abc import Collection, Mapping

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.outcomes import is_over
from sre_space.dashboard.reading.parts import Part, capital, cite, joined
from sre_space.dashboard.reading.said import said
from sre_space.dashboard.reading.words import SECOND, clock, duration, listed, number
from sre_space.domain.case import Case
from sre_space.domain.facts import Detection, Step
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.text.plain_text import plain

TROUBLE: Mapping[SymptomKind, tuple[str, str]] = {
    SymptomKind.INFRASTRUCTURE: ("{subject} does not answer", "{subject} did not answer"),
    SymptomKind.SATURATION: ("{subject} is running out of a resource", "{subject} was running out of a resource"),
    SymptomKind.ERROR: ("requests to {subject} fail", "requests to {subject} failed"),
    SymptomKind.LATENCY: ("requests to {subject} are slow", "requests to {subject} were slow"),
    SymptomKind.CONVERSION: (
        "fewer customers than usual finish {subject}",
        "fewer customers than usual finished {subject}",
    ),
    SymptomKind.SLO: ("{subject} spends its error budget too fast", "{subject} spent its error budget too fast"),
}  # fmt: skip
OWN_COUNT = (SymptomKind.LATENCY, SymptomKind.CONVERSION, SymptomKind.SLO)  # failed attempts do not measure these
CLUES = (SymptomKind.INFRASTRUCTURE, SymptomKind.SATURATION)  # the detail says how, and counts nothing
OF_JOURNEYS = (SymptomKind.CONVERSION, SymptomKind.SLO)  # their subject is a journey itself
MAX_ALSO = 3


def trouble_of(kind: SymptomKind, subject: str, past: bool = False) -> str:
    """Return what is wrong with a service or journey, in the past once it is over: `checkout does not answer`."""
    return TROUBLE[kind][past].format(subject=subject)


def trouble(symptom: Symptom, past: bool = False) -> str:
    """Return a symptom in words."""
    return trouble_of(symptom.kind, plain(symptom.service), past)


def for_whom(known: Known, subjects: Collection[str]) -> str:
    """Return the declared journeys that services, or journeys by name, concern; "" where none is declared."""
    concerned = known.config.concerned(subjects) if known.config.journeys else ()
    return listed([plain(journey.name) for journey in concerned], 2)


def of_customers(known: Known, case: Case) -> str:
    """Return for whom an incident is: the journeys that its symptoms concern."""
    return for_whom(known, [symptom.service for symptom in case.detection.symptoms])


def wrong(case: Case, known: Known) -> Part:
    """Return what is, or was, wrong, and below it since when, how it shows, and every further symptom by name."""
    detection, past = case.detection, is_over(case)
    first = detection.symptoms[0]
    text = f"{capital(trouble(first, past))}{_measured(detection, of_customers(known, case))}"
    clue = capital(said(first.detail)) if first.kind in CLUES else ""
    detail = joined([f"Since {clock(detection.since)}", clue, _also(detection, past)])
    return Part(text, detail, State.WELL if case.recovered else State.FAILING, cite(case, Step.DETECT))


def _measured(detection: Detection, customers: str) -> str:
    """Return the headline's one count with what it counts and in how long; the journey is named once."""
    first, count = detection.symptoms[0], detection.journey
    total, attempts = count.good + count.bad, f"attempts at {customers}" if customers else "requests"
    within = f"failed within {duration((count.until - count.since) / SECOND)}"
    if first.kind not in OWN_COUNT and count.bad:
        return f": {number(count.bad)} of {number(total)} {attempts} {within}"
    if first.kind in CLUES:
        return f": none of {number(total)} {attempts} {within}" if total else _of(customers, first)
    return f"{_of(customers, first)}: {said(first.detail)}"


def _of(customers: str, first: Symptom) -> str:
    return f" for customers of {customers}" if customers and first.kind not in OF_JOURNEYS else ""


def _also(detection: Detection, past: bool) -> str:
    """Return the further symptoms, each service and kind once."""
    first, *found = detection.symptoms
    others = dict.fromkeys(trouble(one, past) for one in found if one.key != first.key)
    return f"Also: {listed(list(others), MAX_ALSO)}" if others else ""
