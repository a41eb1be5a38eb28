"""Latency: requests that took longer than what is slow for their operation (`thresholds.py`)."""

from collections.abc import Sequence

from sre_space.analysis.detection.share_alarm import ShareAlarm
from sre_space.analysis.detection.thresholds import Thresholds
from sre_space.analysis.statistics.sketch import Exemplar, Sketch
from sre_space.domain.symptoms import SymptomKind


class Latency:
    """The share of slow requests."""

    kind = SymptomKind.LATENCY

    def bad(self, sketch: Sketch, slow: int) -> int:
        """Return how many requests took longer than the bucket `slow`."""
        return sketch.durations.above(slow)

    def tolerated(self, thresholds: Thresholds) -> float:
        """Return the share of slow requests that is tolerated, 0 to 1."""
        return thresholds.slow_tolerated

    def usual(self, thresholds: Thresholds) -> float:
        """Return the usual share of slow requests, 0 to 1."""
        return thresholds.slow_share

    def excess(self, thresholds: Thresholds, seconds: Sequence[Sketch]) -> float:
        """Return the nanoseconds over the usual mean."""
        count = sum(sketch.count for sketch in seconds)
        return sum(sketch.durations.total for sketch in seconds) - thresholds.mean * count

    def exemplars(self, sketch: Sketch) -> Sequence[Exemplar]:
        """Return the slowest requests."""
        return sketch.slowest

    def detail(self, operation: str, alarm: ShareAlarm, thresholds: Thresholds, slow_from: float) -> str:
        """Return how many requests were slow, and what is usual."""
        slower = f"{alarm.bad} of {alarm.count} at `{operation}` took over {slow_from / 1e6:.0f} ms"
        return f"{slower}; the usual median is {thresholds.median / 1e6:.0f} ms"

    def note(self, thresholds: Thresholds, slow_from: float) -> str:
        """Return what is slow, and what is usual."""
        return f"slow is over {slow_from / 1e6:.0f} ms; the usual median is {thresholds.median / 1e6:.0f} ms"

    def gave_up(self, is_slow: bool) -> bool:
        """Return False: a call that is slow was waited for."""
        return False
