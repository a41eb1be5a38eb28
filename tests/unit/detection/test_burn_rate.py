"""Error budget and burn-rate alerts: the Workbook's table, counted exactly, in constant space."""

from math import exp, lgamma, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.analysis.detection.burn_rate import BUCKETS, MIN_BAD, WORKBOOK, Budget, Counts, Rule

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
NOW = 1_700_000_000 * SECOND


def steady(budget: Budget, until: int, lasting: int, share: float, every: int = 10 * SECOND) -> None:
    """Add 1000 attempts, this share of them bad, for each step of the period that ends at `until`."""
    for at in range(until - lasting, until, every):
        budget.add(at, round(1000 * (1 - share)), round(1000 * share))


def fired(budget: Budget, now: int = NOW) -> list[float]:
    return [burn.rule.factor for burn in budget.burning(now)]


def test_the_rules_are_those_of_the_workbook_and_spend_two_five_and_ten_per_cent() -> None:
    assert (Rule(14.4, 3600, 300), Rule(6, 21600, 1800), Rule(1, 259200, 21600)) == WORKBOOK
    month = 30 * 86_400
    assert [round(rule.factor * rule.long_s / month, 3) for rule in WORKBOOK] == [0.02, 0.05, 0.1]
    assert all(rule.long_s / rule.short_s == 12 for rule in WORKBOOK)


def test_an_outage_fires_the_fast_alert_and_a_slow_leak_only_the_slow_one() -> None:
    outage = Budget("buy")
    steady(outage, NOW, HOUR, 0.02)
    assert 14.4 in fired(outage)

    leak = Budget("buy")
    steady(leak, NOW, 72 * HOUR, 0.002, MINUTE)
    assert fired(leak) == [1]

    well = Budget("buy")
    steady(well, NOW, 72 * HOUR, 0.001, MINUTE)
    assert fired(well) == []


def test_an_alert_ends_soon_after_its_fault_because_of_the_short_window() -> None:
    budget = Budget("buy")
    steady(budget, NOW, HOUR, 0.05)
    steady(budget, NOW + 6 * MINUTE, 6 * MINUTE, 0.0)

    assert 14.4 not in fired(budget, NOW + 6 * MINUTE)


def test_a_fault_that_just_began_does_not_fire_on_the_short_window_alone() -> None:
    budget = Budget("buy")
    steady(budget, NOW - MINUTE, HOUR, 0.0)
    steady(budget, NOW, MINUTE, 0.02)

    assert fired(budget) == []


@pytest.mark.parametrize("scale", [1.0, 1 / 60])
def test_windows_are_shortened_by_one_factor(scale: float) -> None:
    budget = Budget("buy", scale=scale)
    steady(budget, NOW, int(HOUR * scale), 0.02, int(10 * SECOND * scale))

    assert 14.4 in fired(budget)
    assert 14.4 not in fired(budget, NOW + int(6 * MINUTE * scale))


def test_a_handful_of_failures_on_a_quiet_night_is_no_alert() -> None:
    budget = Budget("buy")
    budget.add(NOW, 20, MIN_BAD - 1)
    assert fired(budget) == []
    budget.add(NOW, 0, 1)
    assert fired(budget) == [14.4, 6, 1]


def test_what_an_open_incident_explains_is_paid_from_the_budget_but_alerts_no_more() -> None:
    budget = Budget("buy")
    budget.add(NOW - MINUTE, 100, 50)
    budget.exempt(NOW - 2 * MINUTE)
    budget.add(NOW, 100, 50, inhibited=True)

    assert fired(budget) == []
    assert budget.spent(NOW) == pytest.approx(1 / 3 / 0.001)


def test_without_attempts_nothing_burns_and_nothing_is_spent() -> None:
    assert fired(Budget("buy")) == []
    assert Budget("buy").spent(NOW) == 0


def test_the_finding_is_the_fastest_burn_with_its_numbers() -> None:
    budget = Budget("buy")
    steady(budget, NOW, HOUR, 0.02)
    [finding] = budget.findings(NOW)

    assert finding.journey
    assert (finding.symptom.value, finding.symptom.limit, finding.fired) == (20.0, 14.4, NOW)


@given(
    st.lists(st.tuples(st.integers(0, 5_000), st.integers(0, 9), st.integers(0, 9)), max_size=60),
    st.integers(0, 8_000),
)
def test_a_window_counts_what_lies_in_its_buckets_whatever_the_order(
    events: list[tuple[int, int, int]], later: int
) -> None:
    length = 600
    counts, head = Counts(length), 0
    kept: list[tuple[int, int, int]] = []
    for at, good, bad in events:
        head = max(head, at * BUCKETS // length)
        counts.add(at, good, bad)
        kept = [one for one in [*kept, (at, good, bad)] if one[0] * BUCKETS // length >= head - BUCKETS]
    head = max(head, later * BUCKETS // length)
    kept = [one for one in kept if one[0] * BUCKETS // length >= head - BUCKETS]

    assert counts.at(later) == (sum(one[1] for one in kept), sum(one[2] for one in kept))
    assert len(counts.good) == len(counts.bad) == BUCKETS + 1


@given(
    st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 9), st.integers(0, 9)), max_size=40), st.integers(0, 999)
)
def test_what_is_forgotten_is_counted_no_more(events: list[tuple[int, int, int]], since: int) -> None:
    length = 6_000
    counts = Counts(length)
    for event in events:
        counts.add(*event)
    counts.forget(since)
    kept = [one for one in events if one[0] * BUCKETS // length < since * BUCKETS // length]

    assert counts.totals == (sum(one[1] for one in kept), sum(one[2] for one in kept))


@pytest.mark.parametrize("scale", [1.0, 1 / 60])
@pytest.mark.parametrize("rate", [1, 11])
def test_a_patient_that_spends_half_its_budget_alerts_as_rarely_as_documented(rate: int, scale: float) -> None:
    """Poisson: the chance that the long window reaches what an alert needs."""
    for rule in WORKBOOK:
        attempts = rate * rule.long_s * scale
        needed = max(MIN_BAD, int(rule.factor * 0.001 * attempts) + 1)
        assert tail(attempts * 0.0005, needed) < 1e-4


def tail(mean: float, least: int) -> float:
    """P(at least so many) of a Poisson number."""
    return sum(exp(number * log(mean) - mean - lgamma(number + 1)) for number in range(least, least + 500))
