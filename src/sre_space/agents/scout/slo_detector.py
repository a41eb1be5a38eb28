"""The detector of an error budget that is spent too fast (`analysis/detection/burn_rate.py`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import Detector, Row
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.inhibition import EVERYTHING, Inhibition, Scope
from sre_space.domain.symptoms import Symptom, SymptomKind


@dataclass(frozen=True)
class SloDetector(Detector):
    """The detector of an error budget that is spent too fast."""

    budget: Budget
    kind = SymptomKind.SLO

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarm of the fastest burn, if any alert fires."""
        return self.budget.findings(now)

    def scope(self, subject: str) -> Scope:
        """Return everything: work on any service and any open incident may let attempts fail."""
        return EVERYTHING

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True: what failed in the incident does not count, so that the budget alone never shows its end."""
        return True

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the journey's report."""
        yield (self.kind, (self.budget.journey, "")), self.budget.report(now)
