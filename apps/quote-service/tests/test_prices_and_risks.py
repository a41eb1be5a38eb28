"""The documented rules of price, risk and customers."""

from itertools import islice

from hypothesis import given
from hypothesis import strategies as st

from policy_service.risk import MAX_SCORE, PRODUCT_POINTS, risk_score
from quote_service.pricing import MIN_CENTS, premium_cents
from traffic.customers import THINK_MAX_S, customers, synthetic

PRODUCTS = st.sampled_from(sorted(PRODUCT_POINTS))
SCORES = st.integers(0, 100)
COVERAGES = st.integers(1_000, 5_000_000)


@given(PRODUCTS, SCORES, COVERAGES)
def test_a_premium_is_positive_and_grows_with_risk_and_coverage(product: str, score: int, coverage: int) -> None:
    price = premium_cents(product, score, coverage)

    assert price >= MIN_CENTS
    assert premium_cents(product, score + 1, coverage) >= price
    assert premium_cents(product, score, coverage + 100) >= price


def test_the_readmes_example_is_what_it_costs() -> None:
    assert premium_cents("auto", 32, 20_000) == 42_000 + 13_440 + 500


@given(st.integers(18, 90), st.integers(0, 20), PRODUCTS)
def test_a_risk_is_bounded_and_grows_with_claims(age: int, claims: int, product: str) -> None:
    score = risk_score(age, claims, product)

    assert 0 <= score <= MAX_SCORE
    assert risk_score(age, claims + 1, product) >= score


@given(st.integers(0, 1000))
def test_the_same_seed_brings_the_same_customers(seed: int) -> None:
    assert list(islice(customers(seed, 5, 3000), 20)) == list(islice(customers(seed, 5, 3000), 20))


def test_customers_come_five_a_second_think_a_little_and_mostly_buy() -> None:
    crowd = list(islice(customers(1, 5.0, 3000), 20_000))

    assert abs(sum(one.gap_s for one in crowd) / 20_000 - 0.2) < 0.01
    assert abs(sum(one.buys for one in crowd) / 20_000 - 0.85) < 0.01
    assert all(0 <= one.think_s <= THINK_MAX_S for one in crowd)
    assert not any(one.synthetic for one in crowd)


def test_synthetic_customers_come_every_second_and_always_buy() -> None:
    assert all(one.synthetic and one.buys and one.gap_s == 1.0 for one in islice(synthetic(), 10))
