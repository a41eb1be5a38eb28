"""Cuts the payload of a fact until it fits into its record, so that every fact can be recorded. Used by `footer.py`.

Only prose and the ends of lists are cut: what an agent acts on (keys, remedies, edits, times) never is.
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
    """A size limit: at most `text` characters of each text and `entries` entries of each list."""

    text: int
    entries: int


MIN_LINE = 40  # characters; a log line cut shorter than this says nothing and is left out
MEASURES = tuple(Measure(*sizes) for sizes in ((4000, 60), (1000, 40), (400, 20), (160, 10), (60, 5)))


def fitted(payload: Payload, size: Callable[[Payload], int], limit: int) -> Payload:
    """Return the payload cut until its `size` is at most `limit` bytes, or the smallest version if none fits."""
    for candidate in _shorter_and_shorter(payload):
        if size(candidate) <= limit:
            return candidate
    return candidate


def _shorter_and_shorter(payload: Payload) -> Iterator[Payload]:
    """Yield the payload and smaller and smaller versions of it; a snapshot is cut before the symptoms are."""
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
        case Decision(diagnosis=diagnosis, remedy=remedy, guardrails=rules):
            cut_fields = {"remedy": _remedy(remedy, text), "guardrails": _rules(rules, measure)}
            return _with(payload, diagnosis=_diagnosis(diagnosis, text), **cut_fields)
        case Action(remedy=remedy, guardrails=rules, way_back=inverse):
            cut_fields = {"remedy": _remedy(remedy, text), "guardrails": _rules(rules, measure)}
            shorter = _shorter(payload, text, "before", "after", "inverse", "detail")
            return _with(shorter, way_back=_remedy(inverse, text) if inverse else None, **cut_fields)
        case Undo():
            return _with(_shorter(payload, text, "before", "after", "detail"), remedy=_remedy(payload.remedy, text))
        case Recall():
            first_cases = payload.cases[: measure.entries]
            return Recall(tuple(_shorter(case, text, "cause", "remedy", "said", "said_by") for case in first_cases))
        case Verification():
            return _shorter(payload, text, "detail")
        case Conclusion():
            return _shorter(payload, 3 * text, "postmortem")
        case Learnt():
            return _shorter(payload, 3 * text, "lesson")
        case _:
            return payload


def _detection(payload: Detection, measure: Measure) -> Detection:
    """Return the detection with its first (most important) symptoms and, of the services, the unhealthy ones first."""
    unhealthy_first = sorted(payload.health.items(), key=lambda entry: entry[1] == "healthy")
    return replace(
        payload,
        symptoms=tuple(_shorter(symptom, measure.text, "detail") for symptom in payload.symptoms[: measure.entries]),
        health=dict(unhealthy_first[: measure.entries]),
        traces=payload.traces[:3],
        contacts=payload.contacts[: measure.entries // 5],
    )


def _snapshot(snapshot: Snapshot, measure: Measure) -> Snapshot:
    """Return the snapshot with its first services only, their log lines cut, or left out when nothing is readable."""
    services, length = snapshot.services[: max(1, measure.entries // 4)], measure.text // 10
    rows = tuple(
        replace(service, lines=tuple(cut(line, length) for line in service.lines if length >= MIN_LINE))
        for service in services
    )
    return replace(snapshot, services=rows, left_out=snapshot.left_out + len(snapshot.services) - len(rows))


def _diagnosis(diagnosis: Diagnosis, text: int) -> Diagnosis:
    """Return the diagnosis with every cited observation, its statements and report cut."""
    evidence = tuple(_shorter(item, text, "statement") for item in diagnosis.evidence)
    return replace(_shorter(diagnosis, text, "report"), evidence=evidence)


def _remedy(remedy: T, text: int) -> T:
    return _shorter(remedy, text, "reason", "purpose", "follow_up")


def _rules(answers: Iterable[RuleAnswer], measure: Measure) -> tuple[RuleAnswer, ...]:
    """Return the answers with refusals first, so that the answers left out at the end are those that allowed."""
    refused_first = sorted(answers, key=lambda answer: answer.allowed)
    return tuple(_shorter(answer, measure.text, "reason") for answer in refused_first[: measure.entries])


def _shorter(value: T, limit: int, *names: str) -> T:
    """Return the dataclass with the named text fields, where it has them, cut to `limit` characters."""
    return _with(value, **{name: cut(getattr(value, name), limit) for name in names if hasattr(value, name)})


def _with(value: T, **changed: object) -> T:
    """Return a copy of any dataclass with these fields changed (`dataclasses.replace`, typed)."""
    replace_fields: Any = replace
    copy: T = replace_fields(value, **changed)
    return copy
