"""An incident in the words that Memory finds it by. Used by `memory.py`."""

from collections.abc import Sequence

from sre_space.domain.case import Case
from sre_space.domain.facts import UNKNOWN_CAUSE, Conclusion, PastCase
from sre_space.ports.case_index import Lesson
from sre_space.ports.orders import Resolution

HEADING = "\n\n### "
# What a post-mortem tells of the incident itself; the rest is of other incidents, of people, or times.
TOLD = ("Impact", "Root cause", "What was done")


def question_of(case: Case) -> str:
    """Return the incident in words, before its cause is known."""
    symptoms = "; ".join(f"{symptom.kind} {symptom.service}: {symptom.detail}" for symptom in case.detection.symptoms)
    return f"{symptoms}. Services: {', '.join(f'{name} {word}' for name, word in case.detection.health.items())}"


def lesson_of(case: Case, tried: Sequence[PastCase], said: Resolution | None = None) -> Lesson:
    """Return what the case taught, in words to be found by, with where it is written.

    `tried` is what came of each remedy (`domain/lessons.py`), `said` what a person said ended it.
    """
    newest = tried[-1]
    cause = "Cause not found" if newest.cause == UNKNOWN_CAUSE else f"Cause: {newest.cause}"
    outcomes = "; ".join(one.told_outcome for one in tried)
    text = f"{question_of(case)}. {cause}. {outcomes}."
    words = (f"A person said what ended it: {said.text}",) if said else ()
    facts: dict[str, str | int | float | bool] = {
        "issue": case.issue,
        "key": case.detection.key,
        "remedy": newest.remedy,
        "worked": newest.worked,
    }
    return Lesson(case.incident, text, facts, (*words, *_written(case)))


def _written(case: Case) -> tuple[str, ...]:
    """Return the sections of the post-mortem that tell of this incident alone."""
    conclusion = case.latest(Conclusion)
    sections = conclusion.postmortem.split(HEADING) if conclusion else []
    return tuple(section for section in sections if section.startswith(TOLD))
