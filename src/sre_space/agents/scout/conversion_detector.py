"""The detector of a journey's conversion: customers who asked and did not buy (`analysis/detection/conversion.py`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import SECOND, Row, ShareDetector
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.conversion import Conversion
from sre_space.analysis.detection.inhibition import EVERYTHING, Inhibition, Scope
from sre_space.domain.symptoms import Symptom, SymptomKind

DECIDED_NS = 6 * SECOND  # from the end of a cohort to its evaluation


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
        return self.conversion.evaluated_since > 0 and (self.conversion.has_usual or not over_floor)

    def recall(self, symptoms: Sequence[Symptom]) -> None:
        """Take over the share that has to buy, and go on with the alarms in the incident."""
        self.conversion.recall([symptom.limit for symptom in symptoms])

    def gone_since(self, symptom: Symptom) -> int:
        """Return since when the alarm is not there (Unix ns), at the earliest since a cohort was evaluated."""
        gone_since, begun = super().gone_since(symptom), self.conversion.evaluated_since
        return max(gone_since, begun + DECIDED_NS) if gone_since and begun else gone_since

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the journey's report."""
        yield (self.kind, (self.conversion.journey, "")), self.conversion.report(now)

    def scope(self, subject: str) -> Scope:
        """Return everything: work on any service and any open incident may keep customers from buying."""
        return EVERYTHING

    def bad_share(self, share: float) -> float:
        """Return the share of customers who did not buy."""
        return 1 - share

    def strength(self, symptom: Symptom) -> float | None:
        """Return None: customers decide too late for half a drop to say anything about an action."""
        return None
