"""Errors: requests that failed."""

from collections.abc import Sequence

from sre_space.analysis.detection.share_alarm import ShareAlarm
from sre_space.analysis.detection.thresholds import Thresholds
from sre_space.analysis.statistics.sketch import Exemplar, Sketch
from sre_space.domain.symptoms import SymptomKind


class Errors:
    """The share of failed requests."""

    kind = SymptomKind.ERROR

    def bad(self, sketch: Sketch, slow: int) -> int:
        """Return how many requests failed."""
        return sketch.errors

    def tolerated(self, thresholds: Thresholds) -> float:
        """Return the share of failed requests that is tolerated, 0 to 1."""
        return thresholds.errors_tolerated

    def usual(self, thresholds: Thresholds) -> float:
        """Return the usual share of failed requests, 0 to 1."""
        return thresholds.error_share

    def excess(self, thresholds: Thresholds, seconds: Sequence[Sketch]) -> float:
        """Return the failures over the usual share."""
        count = sum(sketch.count for sketch in seconds)
        return sum(sketch.errors for sketch in seconds) - thresholds.error_share * count

    def exemplars(self, sketch: Sketch) -> Sequence[Exemplar]:
        """Return failed requests."""
        return sketch.failed

    def detail(self, operation: str, alarm: ShareAlarm, thresholds: Thresholds, slow_from: float) -> str:
        """Return how many requests failed, and what is usual."""
        usual = f"{thresholds.error_share:.2%}" if thresholds.error_share else "none"
        return f"{alarm.bad} of {alarm.count} failed at `{operation}`, usually {usual}"

    def note(self, thresholds: Thresholds, slow_from: float) -> str:
        """Return "": the share says it all."""
        return ""

    def gave_up(self, is_slow: bool) -> bool:
        """Return True for calls that fail without being slow: the caller may have a timeout that is too short."""
        return not is_slow
