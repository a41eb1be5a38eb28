"""Confidence bounds on a share that was learnt from finitely many tries; used by every baseline.

Chernoff's bound: P(observed share <= s) <= exp(-n KL(s, p)) when the true share is p >= s, so the largest
p with n KL(s, p) <= log(1 / doubt) is exceeded with a probability of at most `doubt`
(Hoeffding 1963, theorem 1; the same bound as in KL-UCB, Garivier and Cappé, COLT 2011).
"""

from math import log

DOUBT = 1e-4  # the probability that a learnt bound is too low
STEPS = 40  # halvings: the bound is exact to 2**-40


def divergence(seen: float, true: float) -> float:
    """Return the KL divergence of two Bernoulli shares in nats; `true` must lie strictly between 0 and 1."""
    bad = seen * log(seen / true) if seen > 0 else 0.0
    good = (1 - seen) * log((1 - seen) / (1 - true)) if seen < 1 else 0.0
    return bad + good


def upper_share(bad: int, count: int, doubt: float = DOUBT) -> float:
    """Return the upper confidence bound on the true share after `bad` of `count` tries; 1 when nothing was counted."""
    if count == 0 or bad >= count:
        return 1.0
    seen, allowed = bad / count, log(1 / doubt) / count
    low, high = seen, 1.0
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (middle, high) if middle < 1 and divergence(seen, middle) <= allowed else (low, middle)
    return high


def tolerated(bad: int, count: int, least: float, extra: float) -> float:
    """Return the share (0 to 1) up to which nothing is wrong: twice the learnt share, but at most `extra` over it.

    Doubling allows for the daily rhythm. The result is never under `least` (the smallest effect worth an incident) nor
    under the upper confidence bound of the learnt share; 1 when nothing was counted.
    """
    if count == 0:
        return 1.0
    seen = bad / count
    return max(least, min(2 * seen, seen + extra), upper_share(bad, count))
