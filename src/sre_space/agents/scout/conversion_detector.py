"""The detector of conversions: customers who asked and did not buy (`analysis/detection/conversion.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import SECOND, Row, ShareDetector
from sre_space.agents.scout.journey_indicators import JourneyIndicators
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

    journeys: Mapping[str, JourneyIndicators]
    kind = SymptomKind.CONVERSION
    action_deadline_ns = 50 * SECOND

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarms of the journeys whose customers do not buy."""
        return [alarm for conversion in self._conversions for alarm in conversion.findings(now)]

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once customers of the journey decided, and where the usual share was missed, once it is known."""
        return all(
            one.evaluated_since > 0 and (one.has_usual or symptom.limit <= one.floor) for one in self._of(symptom)
        )

    def recall(self, symptoms: Sequence[Symptom]) -> None:
        """Take over the shares that have to buy, and go on with the alarms in the incidents."""
        for conversion in self._conversions:
            conversion.recall([symptom.limit for symptom in symptoms if conversion in self._of(symptom)])

    def gone_since(self, symptom: Symptom) -> int:
        """Return since when the alarm is not there (Unix ns), at the earliest since a cohort was evaluated."""
        gone_since = super().gone_since(symptom)
        begun = max((one.evaluated_since for one in self._of(symptom)), default=0)
        return max(gone_since, begun + DECIDED_NS) if gone_since and begun else gone_since

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

    def strength(self, symptom: Symptom) -> float | None:
        """Return None: customers decide too late for half a drop to say anything about an action."""
        return None

    def _of(self, symptom: Symptom) -> list[Conversion]:
        """Return the conversion of the symptom's journey; all, where that journey declares none any more.

        Where none is declared at all, good visits alone decide.
        """
        own = [one for one in self._conversions if self.kind.of(one.journey) == symptom.identity]
        return own or self._conversions

    @property
    def _conversions(self) -> list[Conversion]:
        return [one.conversion for one in self.journeys.values() if one.conversion is not None]
