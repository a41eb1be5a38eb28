"""The simulated customers: arrival times, requests, and whether they buy. Pure, seeded, without a clock.

Arrivals are a Poisson process: the gaps are exponential. Think time is exponential, cut at
three seconds. About 85 % buy.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count

PRODUCTS = ("auto", "home", "travel")
BUY_SHARE = 0.85
THINK_MEAN_S, THINK_MAX_S = 0.7, 3.0


@dataclass(frozen=True)
class Customer:
    """One visit of a customer; it begins `gap_s` seconds after the visit before."""

    journey: str
    gap_s: float
    user_id: int
    product: str
    coverage: int
    think_s: float
    buys: bool
    synthetic: bool


def customers(seed: int, per_second: float, users: int) -> Iterator[Customer]:
    """Yield an endless stream of customers."""
    rng = random.Random(seed)
    for number in count(1):
        yield Customer(
            journey=f"c{seed}-{number}",
            gap_s=rng.expovariate(per_second),
            user_id=rng.randint(1, users),
            product=rng.choice(PRODUCTS),
            coverage=rng.randrange(5_000, 500_000, 5_000),
            think_s=min(THINK_MAX_S, rng.expovariate(1 / THINK_MEAN_S)),
            buys=rng.random() < BUY_SHARE,
            synthetic=False,
        )


def synthetic() -> Iterator[Customer]:
    """Yield one tagged synthetic customer per second, who always buys, without a think time."""
    for number in count(1):
        yield Customer(f"s-{number}", 1.0, 1, "travel", 20_000, 0.0, True, True)
