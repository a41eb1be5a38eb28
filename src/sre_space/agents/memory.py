"""Memory's duties: recall what was learnt from like incidents, and remember this one."""

from dataclasses import dataclass

from sre_space.domain.case import Case
from sre_space.domain.facts import UNKNOWN_CAUSE, Decision, Learnt, PastCase, Payload, Recall, Step
from sre_space.ports.case_index import CaseIndex, Lesson
from sre_space.ports.clock import Clock
from sre_space.ports.forge import Forge
from sre_space.ports.ledger import Ledger

HIGHEST_ISSUE = 2**31  # anybody who reaches the index can write anything into it
PROVISIONAL_NS = 30 * 60 * 10**9


@dataclass(frozen=True)
class Memory:
    """Keeps an index; the issues remain the truth."""

    index: CaseIndex
    ledger: Ledger
    forge: Forge
    clock: Clock

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """RECALL or REMEMBER."""
        if step is Step.RECALL:
            return Recall(await self._similar(case))
        lesson = lesson_of(case)
        await self.index.remember(lesson)
        return Learnt(lesson.text, self.clock.now() + PROVISIONAL_NS)

    async def recorded(self, case: Case) -> None:
        """A remembered case is closed."""
        if case.last.step is Step.REMEMBER and case.is_open:
            await self.forge.close_issue(case.issue)

    async def _similar(self, case: Case) -> tuple[PastCase, ...]:
        """Only lessons whose issue still verifies are handed on: the index alone is not believed."""
        recalled = await self.index.recall(question_of(case))
        cases = []
        for one in recalled:
            issue = one.lesson.facts.get("issue")
            past = await self.ledger.case(issue) if isinstance(issue, int) and 0 < issue <= HIGHEST_ISSUE else None
            if past is not None and past.incident == one.lesson.id and past.fact_of(Step.REMEMBER) is not None:
                cases.append(_past_case(past, one.similarity))
        return tuple(cases)


def question_of(case: Case) -> str:
    """The incident in words, before its cause is known."""
    symptoms = "; ".join(f"{symptom.kind} {symptom.service}: {symptom.detail}" for symptom in case.detection.symptoms)
    return f"{symptoms}. Services: {', '.join(f'{name} {word}' for name, word in case.detection.health.items())}"


def lesson_of(case: Case) -> Lesson:
    """What the case taught, in words to be found by, with where it is written."""
    past = _past_case(case, 1.0)
    cause = "Cause not found" if past.cause == UNKNOWN_CAUSE else f"Cause: {past.cause}"
    text = f"{question_of(case)}. {cause}. {past.remedy} {'helped' if past.worked else 'did not help'}."
    facts: dict[str, str | int | float | bool] = {
        "issue": case.issue,
        "key": case.detection.key,
        "remedy": past.remedy,
        "worked": past.worked,
    }
    return Lesson(case.incident, text, facts)


def _past_case(case: Case, similarity: float) -> PastCase:
    """The newest action that changed something, and whether the patient was better for it."""
    decision = case.latest(Decision)
    cause = decision.diagnosis.cause if decision else None
    named = f"{cause.service} {cause.kind}" if cause else UNKNOWN_CAUSE
    trial = next((trial for trial in reversed(case.trials) if trial.action.changed), None)
    remedy = trial.action.remedy.command if trial else "no action"
    worked = trial is not None and trial.helped
    return PastCase(case.incident, case.issue, round(similarity, 3), named, remedy, worked)
