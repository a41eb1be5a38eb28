"""The detectors of the journey: its conversion, and the burn rate of its error budget (`analysis/detection`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import SECOND, Detector, Row, ShareDetector
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

    conversion: Conversion
    kind = SymptomKind.CONVERSION
    action_deadline_ns = 50 * SECOND

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarm, if it fires."""
        return self.conversion.findings(now)

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once customers decided, and where the usual share was missed, once it is known."""
        over_floor = symptom.limit > self.conversion.floor
        return self.conversion.newest > 0 and (self.conversion.baseline.ready or not over_floor)

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the journey's report."""
        yield (self.kind, (self.conversion.journey, "")), self.conversion.report(now)

    def scope(self, subject: str) -> Scope:
        """Return everything: work on any service and any open incident may keep customers from buying."""
        return EVERYTHING

    def bad_share(self, share: float) -> float:
        """Return the share of customers who did not buy."""
        return 1 - share

    def eased(self, symptom: Symptom) -> bool:
        """Return False: customers decide too late for half a drop to say anything about an action."""
        return False


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
