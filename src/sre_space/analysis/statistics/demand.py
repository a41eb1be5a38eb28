"""How far the number of requests exceeds the expected number. Used by `thresholds.py` and by the diagnosis engine."""

from math import sqrt

SURE_SIGMAS = 2.0  # a Poisson count has a standard deviation of its square root


def times_busier(count: int, expected: float) -> float:
    """Return the factor by which `count` surely exceeds `expected`: at least 1.0, and 1.0 if nothing was expected."""
    lower_bound = count - SURE_SIGMAS * sqrt(count)
    return max(1.0, lower_bound / expected) if expected > 0 else 1.0
