"""How likely a healthy system does what was seen: bounds, never too sure, in closed form.

Chernoff's bound for a binomial tail (Chernoff 1952; Hoeffding 1963, theorem 1) needs no table and
holds for every n. Counts are taken as independent, which spans of one trace are not: that is why
a finding must also be large, not only unlikely.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.statistics.share_bounds import divergence

Floats = NDArray[np.float64]

RARE = 0.01  # how often a healthy call may fail where nothing was seen
HIGH = 0.95  # the quantile of the baseline beyond which a value is exceptional


def tail(hits: float, trials: float, rate: float) -> float:
    """At most this likely: `hits` or more of `trials`, each with chance `rate`."""
    if trials <= 0 or hits <= trials * rate:
        return 1.0
    share = min(1.0, hits / trials)
    return math.exp(-trials * divergence(share, min(max(rate, 1e-9), 1 - 1e-9)))


def usual_rate(hits: float, trials: float) -> float:
    """A rate with Jeffreys' half observation, so that never seen is not impossible."""
    return (hits + 0.5) / (trials + 1.0)


def failure_rate(hits: float, trials: float) -> float:
    """The usual rate of failures, RARE at least, and RARE where health was not seen."""
    return max(RARE, usual_rate(hits, trials)) if trials else RARE


def exceedance(values: Floats, usual: Floats) -> float:
    """At most this likely, were both of one distribution: so many of `values` beyond the largest of `usual`,
    beyond its HIGH quantile, or beyond its median; three looks cost a factor of three.

    K or more of n values lie beyond the j-th largest of m usual ones when, of the K + j - 1 largest of
    all, K are among the n: draws without replacement, for which the same bound holds (Hoeffding 1963,
    section 6). Nothing is estimated, so small baselines need no allowance. One value is judged by its rank.
    """
    if not len(values) or not len(usual):
        return 1.0
    if len(values) == 1:
        return float((np.count_nonzero(usual >= values[0]) + 1) / (len(usual) + 1))
    ranked = np.sort(usual)[::-1]
    places = {1, math.ceil((1 - HIGH) * len(usual)), math.ceil(len(usual) / 2)}
    return min(1.0, len(places) * min(_beyond(values, ranked, place) for place in places))


def _beyond(values: Floats, ranked: Floats, place: int) -> float:
    hits = int(np.count_nonzero(values > ranked[place - 1]))
    return tail(hits, hits + place - 1, len(values) / (len(values) + len(ranked)))
