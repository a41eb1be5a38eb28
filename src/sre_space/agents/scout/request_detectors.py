"""The detectors of slow and of failed requests, over the operations of all services (`analysis/detection`)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sre_space.agents.scout.detector import Row, ShareDetector
from sre_space.analysis.detection.blame import FiredAlarm, findings
from sre_space.analysis.detection.indicators import Indicator
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.operations import ALL, ERRORS, LATENCY, Operations, OperationWatch
from sre_space.analysis.detection.thresholds import Thresholds
from sre_space.domain.symptoms import Symptom


@dataclass(frozen=True)
class RequestDetector(ShareDetector):
    """The detector of one indicator; `peers` maps `host:port` to the service behind it."""

    operations: Operations
    peers: Mapping[str, str]
    indicator: ClassVar[Indicator]

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return an alarm for each operation with too many bad requests."""
        return findings(self.operations, self.peers, now, inhibitions, (self.indicator,))

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once the operation's requests were compared with what is usual.

        A symptom that names no operation may be of any one that the service answers, or by which it is called.
        """
        if symptom.detector:
            own = (watch for watch in self._watches() if self._name(watch) == symptom.detector)
            return any(watch.thresholds and watch.evaluated_since for watch in own)
        of_service = [watch for watch in self._watches() if symptom.is_of(self._name(watch), (self._callee(watch),))]
        at = self.active.evaluated_at
        asked = [watch for watch in of_service if watch.operation.name == ALL or watch.recent(at)]
        return bool(asked) and all(watch.thresholds for watch in asked)

    def recall(self, symptoms: Sequence[Symptom]) -> None:
        """Compare an operation with the thresholds that its symptom was found with, until it has a baseline."""
        recorded = {symptom.detector: symptom.usual for symptom in symptoms if symptom.usual}
        for watch in self._watches() if recorded else ():
            if watch.thresholds is None and (usual := recorded.get(self._name(watch))):
                watch.thresholds = Thresholds.of(usual)

    def gone_since(self, symptom: Symptom) -> int:
        """Return since when the alarm is not there (Unix ns), at the earliest since its operation is evaluated."""
        begun = (watch.evaluated_since for watch in self._watches() if self._name(watch) == symptom.detector)
        gone_since = super().gone_since(symptom)
        return max([gone_since, *begun]) if gone_since and symptom.detector else gone_since

    def _watches(self) -> Collection[OperationWatch]:
        return self.operations.watches.values()

    def _name(self, watch: OperationWatch) -> str:
        return self.indicator.kind.of(watch.operation.service, watch.operation.label)

    def _callee(self, watch: OperationWatch) -> str:
        return self.indicator.kind.of(self.peers.get(watch.operation.peer, ""))

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each operation."""
        return (row for row in self.operations.reports(now) if row[1].kind is self.indicator.kind)


class LatencyDetector(RequestDetector):
    """The detector of slow requests."""

    indicator, kind = LATENCY, LATENCY.kind


class ErrorDetector(RequestDetector):
    """The detector of failed requests."""

    indicator, kind = ERRORS, ERRORS.kind
