"""How much more is asked than usual, as far as counts can tell. Used by `thresholds.py` and by the diagnosis engine."""

from math import sqrt

SURE_SIGMAS = 2.0  # counts of arrivals vary by their root


def times_busier(count: int, expected: float) -> float:
    """How many times the expected number surely came, 1.0 at least and where nothing was expected."""
    surely = count - SURE_SIGMAS * sqrt(count)
    return max(1.0, surely / expected) if expected > 0 else 1.0
