"""The figures of one incident that `sre-space demo --json` prints, read from the signed facts."""

from dataclasses import asdict, dataclass

from sre_space.domain.case import Case
from sre_space.domain.facts import Conclusion, Decision, Learnt, Step, Verification
from sre_space.text.prose import title


@dataclass(frozen=True)
class Story:
    """The figures of an incident, times in seconds since the fault; None where a step did not happen."""

    fault: str
    detected: bool
    issue: int | None
    title: str | None
    service: str | None
    mitigation: str | None
    recovered: bool
    mttd_s: float | None
    serving_s: float | None
    mttr_s: float | None
    journeys_failed: int
    postmortem: str | None
    lesson: str | None

    def as_json(self) -> dict[str, object]:
        """Return the figures as a JSON object."""
        return asdict(self)


def story_of(fault: str, since: int, case: Case | None, journeys_failed: int) -> Story:
    """Return the story of a case; `since` is when the fault was injected (Unix ns)."""
    if case is None:
        return Story(fault, False, None, None, None, None, False, None, None, None, journeys_failed, None, None)
    decision, conclusion, learnt = case.latest(Decision), case.latest(Conclusion), case.latest(Learnt)
    verified = case.fact_of(Step.VERIFY)
    verdict = case.latest(Verification)
    return Story(
        fault=fault,
        detected=True,
        issue=case.issue,
        title=title(case.detection),
        service=decision.remedy.service or None if decision else None,
        mitigation=decision.remedy.command if decision else None,
        recovered=case.recovered,
        mttd_s=_seconds(case.chain[0].fact.at, since),
        serving_s=_seconds(verdict.serving_since, since) if verdict and verdict.serving_since else None,
        mttr_s=_seconds(verified.at, since) if verified and case.recovered else None,
        journeys_failed=journeys_failed,
        postmortem=conclusion.postmortem if conclusion else None,
        lesson=learnt.lesson if learnt else None,
    )


def _seconds(at: int, since: int) -> float:
    return round((at - since) / 1e9, 3)
