"""Why it happened: the decided cause with its clue (the statement, the message, the change), and its verdict."""

import re
from collections.abc import Mapping

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.reading.outcomes import is_over
from sre_space.dashboard.reading.parts import Part, capital, cite
from sre_space.dashboard.reading.said import operation, said
from sre_space.dashboard.reading.words import percent
from sre_space.domain.case import Case
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Diagnosis
from sre_space.domain.facts import Decision, Step
from sre_space.text.diagnosis_report import short_cause
from sre_space.text.plain_text import plain

MAX_CLUE = 120  # characters
OF_UNIT = (CauseKind.CRASH, CauseKind.HANG, CauseKind.SATURATION)  # the unit itself shows it, whichever call fails
PAST: Mapping[CauseKind, str] = {
    CauseKind.HANG: "{service} did not answer in time",
    CauseKind.SATURATION: "{service} had run out of a resource",
    CauseKind.SLOW_CODE: "{service} took too long by its own work",
    CauseKind.SLOW_QUERY: "{service} waited for a slow statement",
    CauseKind.SLOW_NETWORK: "calls at {service} lost their time on the way",
    CauseKind.ERROR: "{service} failed",
    CauseKind.DEPENDENCY_ERROR: "something that {service} depends on failed",
    CauseKind.MISCONFIGURATION: "{service} was configured wrongly",
    CauseKind.TRAFFIC: "{service} got more requests than it could serve",
    CauseKind.UNKNOWN: "{service} behaved unlike before",
}
_SAID = re.compile(r"; it said: (.+)$", re.DOTALL)
_SUMMARY = re.compile(r"came into force right before this began: (.+)$", re.DOTALL)


def why(case: Case) -> Part:
    """Return the cause with its verdict; a cause that was not found is said not to be."""
    decision = case.latest(Decision)
    if decision is None:
        is_open = case.is_open
        return Part("The cause is not known yet" if is_open else "The cause was not looked for", "", State.UNKNOWN)
    diagnosis, cites = decision.diagnosis, cite(case, Step.DECIDE)
    if diagnosis.cause is None:
        return Part("The cause was not found", _suspicion(diagnosis), State.UNKNOWN, cites)
    state = State.WELL if diagnosis.verdict is Confidence.CONFIRMED else State.UNKNOWN
    verdict = f"{diagnosis.verdict.value}: explains {percent(diagnosis.cause.score)} of what failed"
    clues = [clue for clue in (_clue(diagnosis.cause, diagnosis), verdict) if clue]
    return Part(_cause(diagnosis.cause, is_over(case)), "; ".join(clues), state, cites)


def _suspicion(diagnosis: Diagnosis) -> str:
    if not diagnosis.causes:
        return f"{diagnosis.verdict.value}: nothing differs from health by more than chance"
    first = diagnosis.causes[0]
    suspected = short_cause(first.kind, first.service)
    return f"{diagnosis.verdict.value}: suspected, but not proven: {suspected} ({percent(first.score)} of what failed)"


def _cause(cause: Cause, past: bool) -> str:
    """Return the cause; a service that fails by itself is said with what fails in it: the symptom says the rest."""
    service = plain(cause.service)
    if cause.kind is CauseKind.ERROR and cause.operation:
        return f"`{operation(cause.operation)}` {'failed' if past else 'fails'} in {service}"
    if past and cause.kind in PAST:
        return capital(PAST[cause.kind].format(service=service))
    return capital(short_cause(cause.kind, cause.service))


def _clue(cause: Cause, diagnosis: Diagnosis) -> str:
    """Return what the cause's first telling evidence says; "" without any."""
    statements = _statements(cause, diagnosis)
    if diagnosis.change:
        return _change(diagnosis.change, statements)
    if cause.kind in OF_UNIT:
        own = (text for id, text in statements.items() if not id.startswith("span:"))
        return _short(said(next(own, "")).removeprefix(f"{plain(cause.service)}: "))
    told = next(filter(None, map(_SAID.search, statements.values())), None)
    if told:
        return f'it said "{_short(plain(told[1]))}"'
    return f"at `{operation(cause.operation)}`" if cause.operation and cause.kind is not CauseKind.ERROR else ""


def _change(commit: str, statements: Mapping[str, str]) -> str:
    found = next(filter(None, map(_SUMMARY.search, statements.values())), None)
    return f"it came with commit {commit[:12]}" + (f', "{_short(plain(found[1]))}"' if found else "")


def _statements(cause: Cause, diagnosis: Diagnosis) -> Mapping[str, str]:
    texts = {item.id: item.statement for item in diagnosis.evidence}
    return {id: texts[id] for id in cause.evidence}


def _short(text: str) -> str:
    return text if len(text) <= MAX_CLUE else f"{text[: MAX_CLUE - 1]}…"
