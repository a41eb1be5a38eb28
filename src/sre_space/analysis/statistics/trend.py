"""A robust trend and the time until it meets a limit; used by `saturation.py` and `limits.py`.

The slope is the median of all pairwise slopes (Theil 1950) with Sen's distribution-free interval (Sen, JASA 1968), so
a few outliers move neither. The interval assumes independent deviations from the line; those of a resource are
not independent, which is why `saturation.py` never fires on the interval alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, inf, sqrt

import numpy as np

Z99 = 2.5758293035489004  # 99 % two-sided


@dataclass(frozen=True)
class Trend:
    """The present level as a share of the limit, and the slope in shares a second with its 99 % interval."""

    level: float
    slope: float
    low: float
    high: float

    @property
    def seconds_left(self) -> tuple[float, float, float]:
        """Return the seconds until the limit at the earliest, likely and at the latest; infinity if not approached."""
        return self._until(self.high), self._until(self.slope), self._until(self.low)

    def _until(self, slope: float) -> float:
        return max(0.0, 1 - self.level) / slope if slope > 0 else inf


def trend_of(times_s: Sequence[float], levels: Sequence[float]) -> Trend:
    """Return the trend of at least two samples at different times (in seconds), in O(n**2)."""
    at, level = np.asarray(times_s, float), np.asarray(levels, float)
    first, second = np.triu_indices(len(at), 1)
    slopes = np.sort((level[second] - level[first]) / (at[second] - at[first]))
    n, pairs = len(at), len(slopes)
    spread = Z99 * sqrt(n * (n - 1) * (2 * n + 5) / 18)
    low, high = max(0, int((pairs - spread) / 2) - 1), min(pairs - 1, ceil((pairs + spread) / 2))
    slope = float(np.median(slopes))
    now = float(np.median(level + slope * (at[-1] - at)))
    return Trend(now, slope, float(slopes[low]), float(slopes[high]))
