"""The yearly premium of an insurance, in cents: a documented pure rule.

| part | rule |
|---|---|
| base premium | auto 42000, home 18000, travel 6000 |
| risk | 1 % more for each point of the risk score |
| coverage | 0.05 % of the sum over 10000 (in whole currency units) |
| standard tariff | as for a risk score of 75, which is what three claims, a risky age and a car make at most |

The result is rounded down to full cents and is never under 1000.
"""

BASE_CENTS = {"auto": 42_000, "home": 18_000, "travel": 6_000}
RISK_PER_POINT = 100  # points that double the base
FREE_COVERAGE = 10_000
COVERAGE_DIVISOR = 20  # cents for each unit of coverage over the free one
MIN_CENTS = 1_000
STANDARD_SCORE = 75  # of customers whose risk is not available now


def premium_cents(product: str, risk_score: int, coverage: int) -> int:
    """Return the yearly premium in cents; `risk_score` is 0 to 100, `coverage` in whole currency units."""
    base = BASE_CENTS[product]
    risk = base * risk_score // RISK_PER_POINT
    over = max(0, coverage - FREE_COVERAGE) // COVERAGE_DIVISOR
    return max(MIN_CENTS, base + risk + over)
