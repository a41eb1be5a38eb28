"""The detector of error budgets that are spent too fast (`analysis/detection/burn_rate.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import Detector, Row
from sre_space.agents.scout.journey_indicators import JourneyIndicators
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.inhibition import EVERYTHING, Inhibition, Scope
from sre_space.domain.symptoms import Symptom, SymptomKind


@dataclass(frozen=True)
class SloDetector(Detector):
    """The detector of an error budget that is spent too fast."""

    journeys: Mapping[str, JourneyIndicators]
    kind = SymptomKind.SLO

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarm of the fastest burn of each journey of which an alert fires."""
        return [alarm for budget in self._budgets for alarm in budget.findings(now)]

    def scope(self, subject: str) -> Scope:
        """Return everything: work on any service and any open incident may let attempts fail."""
        return EVERYTHING

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True: what failed in the incident does not count, so that the budget alone never shows its end."""
        return True

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each journey that has a promise."""
        for budget in self._budgets:
            yield (self.kind, (budget.journey, "")), budget.report(now)

    @property
    def _budgets(self) -> list[Budget]:
        return [one.budget for one in self.journeys.values() if one.budget is not None]
