"""Incidents in the words by which Memory finds them again. Used by `memory.py`."""

from collections.abc import Sequence

from sre_space.domain.case import Case
from sre_space.domain.facts import UNKNOWN_CAUSE, Conclusion, PastCase
from sre_space.ports.case_index import Lesson
from sre_space.ports.orders import Resolution

HEADING = "\n\n### "
# The sections of a post-mortem about the incident itself; the others are about other incidents, people or times.
SECTIONS = ("Impact", "Root cause", "What was done")


def question_of(case: Case) -> str:
    """Return the incident in words, as before its cause is known: its symptoms and the health of the services."""
    symptoms = "; ".join(f"{symptom.kind} {symptom.service}: {symptom.detail}" for symptom in case.detection.symptoms)
    return f"{symptoms}. Services: {', '.join(f'{name} {word}' for name, word in case.detection.health.items())}"


def lesson_of(case: Case, tried: Sequence[PastCase], resolution: Resolution | None = None) -> Lesson:
    """Return what the incident taught, in the words by which it is found, with the facts of its issue.

    `tried` is the outcome of each remedy (`domain/lessons.py`), `resolution` what a person reported as the resolution.
    """
    newest = tried[-1]
    cause = "Cause not found" if newest.cause == UNKNOWN_CAUSE else f"Cause: {newest.cause}"
    outcomes = "; ".join(past.outcome_text for past in tried)
    text = f"{question_of(case)}. {cause}. {outcomes}."
    words = (f"A person reported the resolution: {resolution.text}",) if resolution else ()
    facts: dict[str, str | int | float | bool] = {
        "issue": case.issue,
        "key": case.detection.key,
        "remedy": newest.remedy,
        "worked": newest.worked,
    }
    return Lesson(case.incident, text, facts, (*words, *_written(case)))


def _written(case: Case) -> tuple[str, ...]:
    """Return the sections of the post-mortem that are about this incident alone."""
    conclusion = case.latest(Conclusion)
    sections = conclusion.postmortem.split(HEADING) if conclusion else []
    return tuple(section for section in sections if section.startswith(SECTIONS))
