"""The risk score of a customer: a documented pure rule.

| what | points |
|---|---|
| everybody | 10 |
| under 25, or over 70 | 15 |
| each claim of the last five years | 12 |
| product `auto` / `home` / `travel` | 10 / 5 / 0 |
"""

BASE, AGE_POINTS, CLAIM_POINTS = 10, 15, 12
PRODUCT_POINTS = {"auto": 10, "home": 5, "travel": 0}
YOUNG, OLD = 25, 70
MAX_SCORE = 100


def risk_score(age: int, claims: int, product: str) -> int:
    """Return the risk score, 0 (no risk) to 100; `claims` is not negative, `product` one of PRODUCT_POINTS."""
    points = BASE + CLAIM_POINTS * claims + PRODUCT_POINTS[product]
    points += AGE_POINTS if age < YOUNG or age > OLD else 0
    return min(MAX_SCORE, points)
