"""The detectors of the journeys: conversion, and the burn rate of the error budgets (`analysis/detection`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import SECOND, Detector, Row, ShareDetector
from sre_space.agents.scout.journey_indicators import JourneyIndicators
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.conversion import Conversion
from sre_space.analysis.detection.inhibition import EVERYTHING, Inhibition, Scope
from sre_space.domain.symptoms import Symptom, SymptomKind


@dataclass(frozen=True)
class ConversionDetector(ShareDetector):
    """The detector of customers who asked and did not buy. They take time to decide, and an alarm takes time to clear.

    A symptom's value and limit are shares of those who bought.
    """

    journeys: Mapping[str, JourneyIndicators]
    kind = SymptomKind.CONVERSION
    action_deadline_ns = 50 * SECOND

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarms of the journeys whose customers do not buy."""
        return [alarm for conversion in self._conversions for alarm in conversion.findings(now)]

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once customers of the journey decided, and where the usual share was missed, once it is known.

        A symptom of a journey that declares no conversion any more may be of any that does; without one, good visits
        alone decide.
        """
        of_journey = [one for one in self._conversions if self.kind.of(one.journey) == symptom.identity]
        return all(
            one.newest > 0 and (one.baseline.ready or symptom.limit <= one.floor)
            for one in of_journey or self._conversions
        )

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each journey that declares its conversion."""
        for conversion in self._conversions:
            yield (self.kind, (conversion.journey, "")), conversion.report(now)

    def scope(self, subject: str) -> Scope:
        """Return everything: work on any service and any open incident may keep customers from buying."""
        return EVERYTHING

    def bad_share(self, share: float) -> float:
        """Return the share of customers who did not buy."""
        return 1 - share

    def eased(self, symptom: Symptom) -> bool:
        """Return False: customers decide too late for half a drop to say anything about an action."""
        return False

    @property
    def _conversions(self) -> list[Conversion]:
        return [one.conversion for one in self.journeys.values() if one.conversion is not None]


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
