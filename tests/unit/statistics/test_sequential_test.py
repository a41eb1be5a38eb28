"""The sequential test: what it promises about false alarms holds, by enumeration and by simulation."""

from itertools import product
from math import comb, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.statistics.detection_delay import seconds_to_alarm
from sre_space.analysis.statistics.sequential_test import ALTERNATIVES, MIN_BAD_SECONDS, THRESHOLD, SequentialTest
from sre_space.analysis.statistics.share_bounds import DOUBT, divergence, tolerated, upper_share

SHARES = st.floats(0.001, 0.95)


def binomial(count: int, share: float) -> list[float]:
    return [comb(count, bad) * share**bad * (1 - share) ** (count - bad) for bad in range(count + 1)]


@given(st.integers(1, 25), SHARES, st.floats(0, 1))
def test_a_bet_gains_nothing_on_average_while_nothing_is_wrong(count: int, limit: float, part: float) -> None:
    """Exact: the sum over all outcomes of a second, for every true share up to the tolerated one."""
    start = SequentialTest(np.ones(len(ALTERNATIVES)) * 0.75)  # with the new bet of 1/4 each alternative holds 1
    after = [start.after(count, bad, limit).capital for bad in range(count + 1)]
    expected = sum(chance * capital for chance, capital in zip(binomial(count, part * limit), after, strict=True))

    assert np.all(expected <= 1 + 1e-9)


@pytest.mark.parametrize(("rate", "share"), [(1, 0.1), (10, 0.1), (10, 0.02), (30, 0.5)])
def test_false_alarms_are_as_rare_as_the_threshold_says(rate: int, share: float) -> None:
    """P(alarm within t seconds) <= t / threshold, at the very edge of what is tolerated, in 20,000 lanes."""
    lanes, seconds, threshold = 20_000, 100, 2_000.0
    chance, evidence = np.random.default_rng(5), SequentialTest.none(20_000)
    fired = np.zeros(lanes, bool)
    for _ in range(seconds):
        count = chance.poisson(rate, lanes)
        evidence = evidence.after(count, chance.binomial(count, share), share, threshold)
        fired |= evidence.strength >= threshold

    bound = seconds / threshold
    assert fired.mean() <= bound + 3 * np.sqrt(bound / lanes)


def test_fewer_bad_seconds_than_four_never_alarm_however_bad() -> None:
    evidence = SequentialTest.none()
    for _ in range(MIN_BAD_SECONDS - 1):
        evidence = evidence.after(10_000, 10_000, 0.01)
        assert evidence.strength < THRESHOLD

    assert evidence.after(10_000, 10_000, 0.01).strength >= THRESHOLD / 4
    assert evidence.after(10_000, 10_000, 0.01).after(10_000, 10_000, 0.01).strength >= THRESHOLD


def test_a_second_without_tries_changes_nothing() -> None:
    evidence = SequentialTest.none().after(10, 4, 0.1)

    assert np.array_equal(evidence.after(0, 0, 0.1).capital, evidence.capital)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), SHARES), min_size=1, max_size=6))
def test_many_lanes_do_what_each_would_do_alone(seconds: list[tuple[int, int, float]]) -> None:
    counts = np.array([max(one, other) for one, other, _ in seconds])
    bads = np.array([min(one, other) for one, other, _ in seconds])
    limits = np.array([limit for _, _, limit in seconds])
    together = SequentialTest.none(len(seconds)).after(counts, bads, limits).after(counts, bads, limits)
    alone = [
        SequentialTest.none().after(count, bad, limit).after(count, bad, limit).capital
        for count, bad, limit in zip(counts, bads, limits, strict=True)
    ]

    assert np.allclose(together.capital, np.stack(alone, axis=1))


@given(st.integers(0, 60), st.integers(1, 60))
def test_the_learnt_bound_is_too_low_no_oftener_than_it_says(bad: int, count: int) -> None:
    """Exact: from a share at the bound, as few bad ones as were seen come with a probability of at most DOUBT."""
    bad = min(bad, count)
    bound = upper_share(bad, count)

    assert bound >= bad / count
    assert bound == 1 or sum(binomial(count, bound)[: bad + 1]) <= DOUBT * (1 + 1e-9)


@given(st.floats(0, 1), st.floats(0.01, 0.99))
def test_divergence_is_never_negative_and_zero_for_equals(seen: float, true: float) -> None:
    assert divergence(seen, true) >= -1e-12
    assert abs(divergence(true, true)) < 1e-12


def test_what_is_tolerated_is_never_less_than_the_smallest_effect_or_what_was_seen() -> None:
    for bad, count in product((0, 1, 10, 400), (1, 100, 1000, 10**6)):
        limit = tolerated(min(bad, count), count, 0.005, 0.1)
        assert limit >= max(0.005, min(bad, count) / count)

    assert tolerated(0, 0, 0.005, 0.1) == 1.0
    assert tolerated(10**5, 10**6, 0.005, 0.05) == pytest.approx(0.15)


def test_little_learnt_tolerates_much() -> None:
    limits = [tolerated(0, count, 0.005, 0.1) for count in (10, 100, 1000, 10_000)]

    assert limits == sorted(limits, reverse=True)
    assert limits[1] == pytest.approx(1 - DOUBT ** (1 / 100))
    assert log(1 / DOUBT) / 1000 == pytest.approx(limits[2], rel=0.01)


@pytest.mark.parametrize(
    ("rate", "share", "limit"), [(5, 1.0, 0.1), (12, 0.3, 0.01), (6, 0.6, 0.1), (6, 1.0, 0.5), (200, 1.0, 0.1)]
)
def test_the_delay_that_verification_waits_for_is_that_of_the_test(rate: int, share: float, limit: float) -> None:
    """Over 2,000 lanes: the mean delay lies within a quarter of the formula."""
    chance, evidence = np.random.default_rng(9), SequentialTest.none(2_000)
    delay, fired = np.zeros(2_000), np.zeros(2_000, bool)
    while not fired.all():
        delay += ~fired
        count = chance.poisson(rate, 2_000)
        evidence = evidence.after(count, chance.binomial(count, share), limit)
        fired |= evidence.strength >= THRESHOLD

    assert delay.mean() == pytest.approx(seconds_to_alarm(rate, share, limit), rel=1 / 4)


def test_what_is_tolerated_is_never_found() -> None:
    assert seconds_to_alarm(10, 0.1, 0.1) == float("inf")
    assert seconds_to_alarm(0, 1.0, 0.1) == float("inf")
