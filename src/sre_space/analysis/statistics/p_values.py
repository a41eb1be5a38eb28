"""Upper bounds, in closed form, on how likely a healthy system shows what was observed.

Chernoff's bound for a binomial tail (Chernoff 1952; Hoeffding 1963, theorem 1) needs no table and
holds for every n. Counts are taken as independent, which spans of one trace are not: that is why
a finding must also be large, not only unlikely.
"""

import math

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.statistics.share_bounds import divergence

Floats = NDArray[np.float64]

MIN_FAILURE_RATE = 0.01  # share of calls that may fail in health, where no failure was observed
MANY = 1000  # hits: beyond, a bound is enough
HIGH_QUANTILE = 0.95  # the quantile of the baseline beyond which a value is exceptional


def binomial_tail(hits: float, trials: float, rate: float) -> float:
    """Return an upper bound on the probability of `hits` or more of `trials`, each having probability `rate`."""
    if trials <= 0 or hits <= trials * rate:
        return 1.0
    share = min(1.0, hits / trials)
    return math.exp(-trials * divergence(share, min(max(rate, 1e-9), 1 - 1e-9)))


def two_sample_tail(hits: int, trials: int, usual_hits: int, usual_trials: int) -> float:
    """Return the probability that so many of all hits, or more, fall into these trials by chance; a bound of many hits.

    The usual rate is not known, only that it gave `usual_hits` of `usual_trials`: with few of these it may be anything.

    >>> two_sample_tail(10, 100, 0, 5) > 0.5
    True
    >>> two_sample_tail(10, 100, 0, 500) < 1e-6
    True
    """
    every, share = hits + usual_hits, trials / (trials + usual_trials)
    if usual_hits > MANY or not 0.0 < share < 1.0:
        return binomial_tail(hits, every, share)
    log = [math.lgamma(every + 1) - math.lgamma(n + 1) - math.lgamma(every - n + 1) for n in range(hits, every + 1)]
    odds = math.log(share) - math.log1p(-share)
    return min(1.0, sum(math.exp(of + n * odds + every * math.log1p(-share)) for n, of in enumerate(log, hits)))


def smoothed_rate(hits: float, trials: float) -> float:
    """Return the rate of `hits` in `trials` with Jeffreys' half observation added, so that it is never 0."""
    return (hits + 0.5) / (trials + 1.0)


def failure_rate(hits: float, trials: float) -> float:
    """Return the smoothed rate of failures, at least 1 %; 1 % when there were no trials."""
    return max(MIN_FAILURE_RATE, smoothed_rate(hits, trials)) if trials else MIN_FAILURE_RATE


def exceedance(values: Floats, usual: Floats) -> float:
    """Return an upper bound on the p-value that `values` and `usual` come from one distribution.

    The statistic counts how many of `values` lie beyond the largest of `usual`, beyond its HIGH quantile and beyond
    its median; three comparisons cost a factor of three. K or more of n values lie beyond the j-th largest of m usual
    ones when, of the K + j - 1 largest of all, K are among the n: draws without replacement, for which the same bound
    holds (Hoeffding 1963, section 6). Nothing is estimated, so small baselines need no allowance. A single value is
    compared by its rank. Return 1.0 when either side is empty.
    """
    if not len(values) or not len(usual):
        return 1.0
    if len(values) == 1:
        return float((np.count_nonzero(usual >= values[0]) + 1) / (len(usual) + 1))
    ranked = np.sort(usual)[::-1]
    places = {1, math.ceil((1 - HIGH_QUANTILE) * len(usual)), math.ceil(len(usual) / 2)}
    return min(1.0, len(places) * min(_beyond(values, ranked, place) for place in places))


def _beyond(values: Floats, ranked: Floats, place: int) -> float:
    """Return the bound on the number of `values` beyond the `place`-th largest usual value."""
    hits = int(np.count_nonzero(values > ranked[place - 1]))
    return binomial_tail(hits, hits + place - 1, len(values) / (len(values) + len(ranked)))
