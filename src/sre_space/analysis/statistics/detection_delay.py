"""How long a share alarm needs to detect a fault: used to choose its thresholds, and by the verification of a remedy.

The delay of a sequential test is the logarithm of its threshold over the evidence gained per second (Lorden 1971).
"""

from math import exp, inf, lgamma, log

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.statistics.sequential_test import ALTERNATIVES, MIN_BAD_SECONDS, THRESHOLD

BUSY = 50.0  # tries a second; above it only the cap on a second's gain matters


def seconds_to_alarm(per_second: float, share: float, tolerated: float) -> float:
    """Return the mean number of seconds to an alarm when `share` (0 to 1) of `per_second` tries a second are bad.

    Tries are Poisson; the gain of each second is capped as in the test. Return infinity for a share that is not
    measurably over the tolerated one.
    """
    rate = min(per_second, BUSY)
    bad, good = _poisson(rate * share), _poisson(rate * (1 - share))
    probabilities = np.outer(bad, good)
    gain = max(
        float((probabilities * _log_gain(len(bad), len(good), alternative, tolerated)).sum())
        for alternative in _alternatives(tolerated)
    )
    return log(THRESHOLD * len(ALTERNATIVES)) / gain if gain > 0 else inf


def _alternatives(tolerated: float) -> list[float]:
    """Return the alternative shares of bad tries that the test bets on, each over the tolerated share."""
    return [tolerated + (1 - tolerated) * float(fraction) for fraction in ALTERNATIVES]


def _log_gain(bad: int, good: int, alternative: float, tolerated: float) -> NDArray[np.float64]:
    """Return the logarithm of what a bet wins in one second, for every number of bad and good tries."""
    rows = np.arange(bad)[:, None] * log(alternative / tolerated)
    return np.minimum(
        rows + np.arange(good) * log((1 - alternative) / (1 - tolerated)), log(THRESHOLD) / MIN_BAD_SECONDS
    )


def _poisson(mean: float) -> NDArray[np.float64]:
    """Return the Poisson probabilities of 0, 1, 2 ... up to where the rest is negligible."""
    if mean <= 0:
        return np.ones(1)
    last = int(mean + 10 * mean**0.5 + 10)
    return np.array([exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(last)])
