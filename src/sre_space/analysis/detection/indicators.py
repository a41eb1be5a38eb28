"""What makes a request bad, for latency and for errors: the two indicators that every operation is watched for.

`latency.py` and `errors.py` implement them; `operations.py` tests their shares, `blame.py` charges their excess.
"""

from collections.abc import Sequence
from typing import Protocol

from sre_space.analysis.detection.share_alarm import ShareAlarm
from sre_space.analysis.detection.thresholds import Thresholds
from sre_space.analysis.statistics.sketch import Exemplar, Sketch
from sre_space.domain.symptoms import SymptomKind


class Indicator(Protocol):
    """A share of bad requests. `slow` is the bucket above which a duration is slow."""

    @property
    def kind(self) -> SymptomKind:
        """Return the kind of the symptom that an alarm on the share is."""

    def bad(self, sketch: Sketch, slow: int) -> int:
        """Return how many requests of the sketch are bad."""

    def tolerated(self, thresholds: Thresholds) -> float:
        """Return the share of bad requests (0 to 1) that the thresholds tolerate."""

    def usual(self, thresholds: Thresholds) -> float:
        """Return the usual share of bad requests, 0 to 1."""

    def excess(self, thresholds: Thresholds, seconds: Sequence[Sketch]) -> float:
        """Return the amount over the usual: nanoseconds of latency, or failures."""

    def exemplars(self, sketch: Sketch) -> Sequence[Exemplar]:
        """Return the worst requests of the sketch."""

    def detail(self, operation: str, alarm: ShareAlarm, thresholds: Thresholds, slow_from: float) -> str:
        """Return the sentence of a symptom; `slow_from` is the duration (ns) that is slow now."""

    def note(self, thresholds: Thresholds, slow_from: float) -> str:
        """Return what people want to know besides the share; "" for nothing."""

    def gave_up(self, is_slow: bool) -> bool:
        """Return True when bad calls may be a caller's impatience; `is_slow`: the calls are slow as well."""
