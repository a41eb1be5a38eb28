"""The detectors of slow and of failed requests, over the operations of all services (`analysis/detection`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sre_space.agents.scout.detector import Row, ShareDetector
from sre_space.analysis.detection.blame import FiredAlarm, findings
from sre_space.analysis.detection.indicators import Indicator
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.operations import ERRORS, LATENCY, Operations


@dataclass(frozen=True)
class RequestDetector(ShareDetector):
    """The detector of one indicator; `peers` maps `host:port` to the service behind it."""

    operations: Operations
    peers: Mapping[str, str]
    indicator: ClassVar[Indicator]

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return an alarm for each operation with too many bad requests."""
        return findings(self.operations, self.peers, now, inhibitions, (self.indicator,))

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each operation."""
        return (row for row in self.operations.reports(now) if row[1].kind is self.indicator.kind)


class LatencyDetector(RequestDetector):
    """The detector of slow requests."""

    indicator, kind, shows_in_durations = LATENCY, LATENCY.kind, True


class ErrorDetector(RequestDetector):
    """The detector of failed requests."""

    indicator, kind = ERRORS, ERRORS.kind
