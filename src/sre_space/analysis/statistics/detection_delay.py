"""How long an alarm needs to see a fault: for the design of the limits, and for a verification that must wait as long.

The delay of a sequential test is the logarithm of its threshold over what the evidence gains in a second (Lorden 1971).
"""

from math import exp, inf, lgamma, log

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.statistics.sequential_test import ALTERNATIVES, STALL, THRESHOLD

BUSY = 50.0  # tries a second beyond which only `STALL` limits the gain


def seconds_to_alarm(per_second: float, share: float, tolerated: float) -> float:
    """Seconds that an alarm needs on average when `share` of so many tries a second are bad.

    Tries are Poisson; each second's gain is capped as in the test. Infinite for a share that is not measurably over the
    tolerated one.
    """
    rate = min(per_second, BUSY)
    bad, good = _poisson(rate * share), _poisson(rate * (1 - share))
    chances = np.outer(bad, good)
    gain = max(float((chances * _won(len(bad), len(good), chance, tolerated)).sum()) for chance in _over(tolerated))
    return log(THRESHOLD * len(ALTERNATIVES)) / gain if gain > 0 else inf


def _over(tolerated: float) -> list[float]:
    return [tolerated + (1 - tolerated) * float(part) for part in ALTERNATIVES]


def _won(bad: int, good: int, chance: float, tolerated: float) -> NDArray[np.float64]:
    """The logarithm of what a bet wins in a second, for every number of bad and good tries."""
    rows = np.arange(bad)[:, None] * log(chance / tolerated)
    return np.minimum(rows + np.arange(good) * log((1 - chance) / (1 - tolerated)), log(THRESHOLD) / STALL)


def _poisson(mean: float) -> NDArray[np.float64]:
    """The probabilities of 0, 1, 2 ... up to where nothing is left."""
    if mean <= 0:
        return np.ones(1)
    last = int(mean + 10 * mean**0.5 + 10)
    return np.array([exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(last)])
