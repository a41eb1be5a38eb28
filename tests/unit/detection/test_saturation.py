"""Saturation: the alarm comes before the limit, and not for what only goes up and down."""

from collections.abc import Callable, Iterator
from math import inf, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.amounts import amount
from support.matrix import matrix

from sre_space.analysis.detection.saturation import AT_ONCE_S, CLEAR_NS, HALF, WARM_UP_NS, Resource, Saturation
from sre_space.analysis.statistics.trend import trend_of

SECOND = 10**9
BEGIN = 1_700_000_000 * SECOND
MEMORY = Resource("policy-service", "memory", 256e6)

Level = Callable[[float], float]


def samples(level: Level, seconds: float, seed: int = 1, noise: float = 0.003) -> Iterator[tuple[int, float]]:
    """Two a second, in bytes."""
    chance = np.random.default_rng(seed)
    for number in range(int(seconds * 2)):
        at = number / 2
        yield BEGIN + int(at * SECOND), MEMORY.limit * min(1.0, level(at) + noise * chance.standard_normal())


def fires_at(level: Level, seconds: float, seed: int = 1, resource: Resource = MEMORY) -> tuple[float, float] | None:
    """Second and true level of the alarm; None when there is none."""
    detector = Saturation(resource)
    for at, value in samples(level, seconds, seed):
        detector.update(at, value)
        if detector.firing:
            when = (at - BEGIN) / SECOND
            return when, level(when)
    return None


@pytest.mark.parametrize("per_second", matrix([0.002, 0.005, 0.01, 0.02, 0.04]))
def test_a_leak_is_an_alarm_well_before_its_limit(per_second: float) -> None:
    """From 20 % on, after two healthy minutes; for many seeds."""
    for seed in range(amount(40, 6)):
        found = fires_at(lambda at: 0.2 + max(0.0, at - 120) * per_second, 600, seed)
        assert found
        left_s = (1 - found[1]) / per_second
        assert HALF - 0.02 <= found[1] <= 0.95 or left_s <= AT_ONCE_S  # the noise of the samples is 0.3 %
        assert left_s >= 5


def test_what_fills_in_half_a_minute_is_an_alarm_before_half_of_it_is_used() -> None:
    """A memory of 400 MB that gains 10 MB a second from 130 MB on."""
    for seed in range(amount(40, 6)):
        found = fires_at(lambda at: 0.32 + max(0.0, at - 120) * 0.025, 200, seed)
        assert found
        assert found[0] <= 120 + 7
        assert found[1] < HALF


def saw_tooth(at: float) -> float:
    """Return a level like that of a garbage collector's heap: it rises by 0.5 in 40 s and drops at once."""
    return 0.25 + 0.5 * (at % 40) / 40


@pytest.mark.parametrize(
    "level",
    [
        pytest.param(lambda _: 0.85, id="high but steady"),
        pytest.param(lambda at: 0.3 + 0.2 * (1 + sin(at / 300)), id="a tide"),
        pytest.param(lambda at: 0.7 * min(1.0, at / 15), id="a start"),
        pytest.param(lambda at: 0.4 + 0.2 * (at > 300), id="one step"),
        pytest.param(lambda at: 0.3 + 0.3 * min(1.0, at / 3000), id="a slow plateau"),
        pytest.param(lambda at: 0.2 + 0.15 * min(1.0, max(0.0, at - 300) / 10), id="more room for more work"),
        pytest.param(lambda at: 0.95 if at % 60 < 2 else 0.3, id="short spikes"),
    ],
)
def test_what_stays_below_the_limit_is_no_alarm(level: Level) -> None:
    assert all(fires_at(level, 3600, seed) is None for seed in range(3))


def test_a_saw_tooth_is_no_alarm_once_its_highs_are_known() -> None:
    detector = Saturation(MEMORY)
    for at, value in samples(saw_tooth, 3600):
        detector.update(at, value)
        assert not detector.firing or at < BEGIN + 120 * SECOND


def test_a_level_near_the_limit_fires_when_it_lasts() -> None:
    found = fires_at(lambda at: 0.95 if at >= 100 else 0.3, 200)

    assert found
    assert found[0] == pytest.approx(103, abs=1)


def test_what_may_be_used_up_has_no_trend() -> None:
    cpu = Resource("policy-service", "cpu", 256e6, lasting_ns=60 * SECOND, trends=False)

    assert fires_at(lambda at: min(0.89, at / 100), 300, resource=cpu) is None
    assert fires_at(lambda at: 0.97 if at > 100 else 0.5, 300, resource=cpu) is not None


def test_a_new_process_starts_with_nothing_against_it() -> None:
    detector = Saturation(MEMORY)
    for at, value in samples(lambda at: 0.2 + at * 0.01, 70):
        detector.update(at, value)
    fired = detector.firing

    detector.restart(at)
    assert (fired, detector.firing) == (True, False)
    assert detector.findings() == []
    for number in range(1, WARM_UP_NS // SECOND * 2):
        detector.update(at + number * SECOND // 2, MEMORY.limit * number * 0.02)
        assert not detector.firing


def test_the_alarm_ends_ten_seconds_after_its_reason() -> None:
    detector = Saturation(MEMORY)
    for at, value in samples(lambda at: 0.95 if at < 60 else 0.3, 100):
        detector.update(at, value)
        if at == BEGIN + 60 * SECOND + CLEAR_NS - 2 * SECOND:
            assert detector.firing

    assert not detector.firing


def test_the_finding_says_level_and_time_to_exhaustion() -> None:
    detector = Saturation(MEMORY)
    for at, value in samples(lambda at: 0.2 + max(0.0, at - 60) * 0.01, 60 + 40, noise=0):
        detector.update(at, value)
    [finding] = detector.findings()

    assert finding.symptom.service == "policy-service"
    assert finding.operation == "memory"
    assert finding.symptom.detail.startswith("memory is at 60% of its limit, which it meets in ")
    assert finding.symptom.since < finding.fired


LEVELS = st.lists(st.floats(0, 1), min_size=8, max_size=40)


@given(LEVELS)
def test_the_slope_lies_in_its_interval(levels: list[float]) -> None:
    trend = trend_of(range(len(levels)), levels)

    assert trend.low <= trend.slope <= trend.high
    early, likely, late = trend.seconds_left
    assert early <= likely <= late


@given(st.floats(-1, 1), st.floats(0, 1), st.integers(8, 60))
def test_a_line_is_its_own_trend(slope: float, start: float, count: int) -> None:
    trend = trend_of(range(count), [start + slope * at for at in range(count)])

    assert trend.slope == pytest.approx(slope, abs=1e-9)
    assert trend.level == pytest.approx(start + slope * (count - 1), abs=1e-9)


@given(st.data())
def test_a_quarter_of_wild_samples_does_not_move_a_line_out_of_its_interval(data: st.DataObject) -> None:
    levels = [at * 0.01 for at in range(40)]
    for place in data.draw(st.lists(st.integers(0, 39), max_size=9, unique=True)):
        levels[place] = data.draw(st.floats(0, 1))

    trend = trend_of(range(40), levels)
    assert trend.low <= 0.01 + 1e-9
    assert trend.high >= 0.01 - 1e-9


def test_what_does_not_rise_never_meets_its_limit() -> None:
    assert trend_of(range(10), [0.5] * 10).seconds_left == (inf, inf, inf)


@pytest.mark.parametrize("count", [10, 30, 120])
def test_the_interval_covers_the_true_slope_as_often_as_it_says(count: int) -> None:
    chance = np.random.default_rng(2)
    covered = 0
    for _ in range(300):
        trend = trend_of(range(count), (0.01 * np.arange(count) + 0.05 * chance.standard_normal(count)).tolist())
        covered += trend.low <= 0.01 <= trend.high

    assert covered >= 290  # 99 % of 300 is 297; fewer than 290 has a probability under 0.001
