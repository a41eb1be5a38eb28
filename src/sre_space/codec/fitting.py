"""Cuts what a fact says until it fits into its record, so that whatever happened can be recorded. Used by `footer.py`.

Only words for people and the ends of lists are cut: what an agent acts on (keys, remedies, edits, times) is never.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sre_space.domain.bounds import cut
from sre_space.domain.diagnosis import Diagnosis
from sre_space.domain.facts import (
    Action,
    Conclusion,
    Decision,
    Detection,
    Learnt,
    Payload,
    Recall,
    RuleAnswer,
    Undo,
    Verification,
)
from sre_space.domain.snapshot import Snapshot

T = TypeVar("T")


@dataclass(frozen=True)
class Measure:
    """How many characters of a text, and how many entries of a list, are left."""

    text: int
    entries: int


MIN_LINE = 40  # characters of a line of a log: less says nothing
MEASURES = tuple(Measure(*one) for one in ((4000, 60), (1000, 40), (400, 20), (160, 10), (60, 5)))


def fitted(payload: Payload, size: Callable[[Payload], int], most: int) -> Payload:
    """The payload, or as much of it as has at most so many bytes by `size`."""
    for found in _shorter_and_shorter(payload):
        if size(found) <= most:
            return found
    return found


def _shorter_and_shorter(payload: Payload) -> Iterator[Payload]:
    """An incident's snapshot is cut before its symptoms are."""
    yield payload
    if isinstance(payload, Detection) and payload.snapshot:
        for smaller in [replace(payload, snapshot=_snapshot(payload.snapshot, measure)) for measure in MEASURES]:
            payload = smaller
            yield smaller
    yield from (_measured(payload, measure) for measure in MEASURES)


def _measured(payload: Payload, measure: Measure) -> Payload:
    text = measure.text
    match payload:
        case Detection():
            return _detection(payload, measure)
        case Decision(diagnosis=told, remedy=remedy, guardrails=rules):
            kept = {"remedy": _remedy(remedy, text), "guardrails": _rules(rules, measure)}
            return _with(payload, diagnosis=_diagnosis(told, text), **kept)
        case Action(remedy=remedy, guardrails=rules, way_back=back):
            kept = {"remedy": _remedy(remedy, text), "guardrails": _rules(rules, measure)}
            shorter = _shorter(payload, text, "before", "after", "inverse", "detail")
            return _with(shorter, way_back=_remedy(back, text) if back else None, **kept)
        case Undo():
            return _with(_shorter(payload, text, "before", "after", "detail"), remedy=_remedy(payload.remedy, text))
        case Recall():
            kept_cases = payload.cases[: measure.entries]
            return Recall(tuple(_shorter(one, text, "cause", "remedy", "said", "said_by") for one in kept_cases))
        case Verification():
            return _shorter(payload, text, "detail")
        case Conclusion():
            return _shorter(payload, 3 * text, "postmortem")
        case Learnt():
            return _shorter(payload, 3 * text, "lesson")
        case _:
            return payload


def _detection(payload: Detection, measure: Measure) -> Detection:
    """The first symptoms, whose order is that of merit; and of the services first those that are not well."""
    ill_first = sorted(payload.health.items(), key=lambda one: one[1] == "healthy")
    return replace(
        payload,
        symptoms=tuple(_shorter(one, measure.text, "detail") for one in payload.symptoms[: measure.entries]),
        health=dict(ill_first[: measure.entries]),
        traces=payload.traces[:3],
    )


def _snapshot(told: Snapshot, measure: Measure) -> Snapshot:
    """The first services, and as much of what they logged as tells something."""
    kept, most = told.services[: max(1, measure.entries // 4)], measure.text // 10
    rows = tuple(replace(one, lines=tuple(cut(line, most) for line in one.lines if most >= MIN_LINE)) for one in kept)
    return replace(told, services=rows, left_out=told.left_out + len(told.services) - len(rows))


def _diagnosis(told: Diagnosis, text: int) -> Diagnosis:
    """Every cited observation stays, in fewer words."""
    evidence = tuple(_shorter(one, text, "statement") for one in told.evidence)
    return replace(_shorter(told, text, "report"), evidence=evidence)


def _remedy(remedy: T, text: int) -> T:
    return _shorter(remedy, text, "reason", "purpose", "follow_up")


def _rules(answers: Iterable[RuleAnswer], measure: Measure) -> tuple[RuleAnswer, ...]:
    """The refusals come first: what is left out at the end was allowed."""
    refused_first = sorted(answers, key=lambda one: one.allowed)
    return tuple(_shorter(one, measure.text, "reason") for one in refused_first[: measure.entries])


def _shorter(value: T, most: int, *names: str) -> T:
    """The value with those of the named texts that it has cut."""
    return _with(value, **{name: cut(getattr(value, name), most) for name in names if hasattr(value, name)})


def _with(value: T, **changed: object) -> T:
    """`replace` for whatever dataclass it is."""
    changer: Any = replace
    found: T = changer(value, **changed)
    return found
