"""Who comes when, what they ask for, and whether they buy: pure, seeded, without a clock.

Arrivals are a Poisson process: the gaps are exponential. Think time is exponential, cut at
three seconds. About 85 % buy.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

PRODUCTS = ("auto", "home", "travel")
BUY_SHARE = 0.85
THINK_MEAN_S, THINK_MOST_S = 0.7, 3.0


@dataclass(frozen=True)
class Customer:
    """One visit: it begins `gap_s` after the one before."""

    journey: str
    gap_s: float
    user_id: int
    product: str
    coverage: int
    think_s: float
    buys: bool
    synthetic: bool


def customers(seed: int, per_second: float, users: int) -> Iterator[Customer]:
    """An endless stream of customers."""
    chance = random.Random(seed)
    for number in count(1):
        yield Customer(
            journey=f"c{seed}-{number}",
            gap_s=chance.expovariate(per_second),
            user_id=chance.randint(1, users),
            product=chance.choice(PRODUCTS),
            coverage=chance.randrange(5_000, 500_000, 5_000),
            think_s=min(THINK_MOST_S, chance.expovariate(1 / THINK_MEAN_S)),
            buys=chance.random() < BUY_SHARE,
            synthetic=False,
        )


def synthetic() -> Iterator[Customer]:
    """One tagged journey a second, which always buys, at once."""
    for number in count(1):
        yield Customer(f"s-{number}", 1.0, 1, "travel", 20_000, 0.0, True, True)
