"""The statistics keep their promises: bounds are bounds, self times fit into their spans, blame is fair."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from support.shop import MS, Made, shop, telemetry

from sre_space.analysis.diagnosis.blame import NO_OTHER_HOPS, NetworkHop, ends_of
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import lost_share
from sre_space.analysis.diagnosis.ranking import combined
from sre_space.analysis.diagnosis.selecting import between
from sre_space.analysis.diagnosis.selftime import shape_of
from sre_space.analysis.diagnosis.templates import MAX_TEMPLATES, Templates, poisson_tail
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import (
    MIN_FAILURE_RATE,
    binomial_tail,
    exceedance,
    failure_rate,
    smoothed_rate,
    two_sample_tail,
)


def exact_tail(hits: int, trials: int, rate: float) -> float:
    return sum(math.comb(trials, k) * rate**k * (1 - rate) ** (trials - k) for k in range(hits, trials + 1))


@given(st.integers(1, 60), st.data(), st.floats(0.001, 0.999))
def test_the_bound_is_never_below_the_binomial_tail(trials: int, data: st.DataObject, rate: float) -> None:
    hits = data.draw(st.integers(0, trials))
    assert binomial_tail(hits, trials, rate) >= exact_tail(hits, trials, rate) - 1e-9
    assert binomial_tail(hits, trials, rate) <= 1.0


@given(st.integers(1, 60), st.data(), st.integers(1, 90))
def test_two_samples_of_one_rate_share_their_hits_by_size(trials: int, data: st.DataObject, usual: int) -> None:
    hits, before = data.draw(st.integers(0, trials)), data.draw(st.integers(0, usual))
    expected = exact_tail(hits, hits + before, trials / (trials + usual))
    assert math.isclose(two_sample_tail(hits, trials, before, usual), expected, rel_tol=1e-6)
    assert two_sample_tail(hits, trials, 2000 * usual, 20_000 * usual) <= 1.0


@given(st.integers(0, 60), st.floats(0.01, 50))
def test_the_bound_is_never_below_the_poisson_tail(count: int, expected: float) -> None:
    below = sum(math.exp(-expected) * expected**k / math.factorial(k) for k in range(count))
    assert poisson_tail(count, expected) >= 1 - below - 1e-9


@given(st.integers(0, 1000), st.integers(0, 1000))
def test_rates_are_rates_and_never_impossible(hits: int, more: int) -> None:
    assert 0 < smoothed_rate(hits, hits + more) < 1
    assert MIN_FAILURE_RATE <= failure_rate(hits, hits + more) < 1


def test_samples_of_one_distribution_are_as_seldom_called_unlikely_as_is_said() -> None:
    random = np.random.default_rng(5)
    sizes = random.integers(2, 200, size=(4000, 2))
    chances = np.array([exceedance(random.lognormal(size=few), random.lognormal(size=many)) for few, many in sizes])
    for limit in (0.05, 0.01, 0.001):
        assert np.mean(chances <= limit) <= limit


def test_a_single_value_is_judged_by_its_rank() -> None:
    usual = np.arange(99, dtype=np.float64)
    assert exceedance(np.array([1000.0]), usual) == 0.01
    assert exceedance(np.array([-1.0]), usual) == 1.0


TIMES = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(sorted)


@given(
    st.lists(st.tuples(TIMES, st.integers(-1, 8), st.sampled_from("ab"), st.integers(0, 5)), min_size=1, max_size=12)
)
def test_self_time_is_between_nothing_and_the_whole_span(spans: list[tuple[list[int], int, str, int]]) -> None:
    made = [
        Made("t", f"s{row}", f"s{up}" if up >= 0 else "", service, "x", kind, times[0] * MS, times[1] * MS)
        for row, (times, up, service, kind) in enumerate(spans)
    ]
    table = telemetry(made).spans
    shape = shape_of(table)
    assert (shape.own >= 0).all()
    assert (shape.own <= table.duration).all()


@given(st.lists(TIMES, max_size=8))
def test_self_time_is_what_no_child_covers(children: list[list[int]]) -> None:
    parent = Made("t", "p", "", "a", "x", 1, 0, 100 * MS)
    below = [Made("t", f"c{row}", "p", "a", "y", 1, at * MS, end * MS) for row, (at, end) in enumerate(children)]
    table = telemetry([parent, *below]).spans
    covered = {ms for at, end in children if at < 100 for ms in range(at, end)}
    row = next(row for row in range(len(table)) if table.span_ids[row] == "p")
    assert shape_of(table).own[row] == (100 - len(covered)) * MS


def test_times_that_need_more_than_62_bits_lose_precision_not_sense() -> None:
    day = 86_400_000 * MS
    spans = [Made("t", "p", "", "a", "x", 1, 0, 30_000 * day), Made("t", "c", "p", "a", "y", 1, day, 29_000 * day)]
    for number in range(5000):
        spans += [Made(f"u{number}", "p", "", "a", "x", 1, 0, MS), Made(f"u{number}", "c", "p", "a", "y", 1, 0, MS)]
    table = telemetry(spans).spans
    longest = int(np.argmax(table.duration))
    assert abs(shape_of(table).own[longest] / day - 1001) < 1


def test_an_end_is_judged_by_its_other_ways() -> None:
    ways = [
        NetworkHop("a", "b", 40, 5),
        NetworkHop("a", "c", 0, 5),
        NetworkHop("d", "b", 38, 5),
        NetworkHop("e", "f", 9, 5),
    ]
    seen = ends_of(ways)
    assert seen["a", "b"].callee > NO_OTHER_HOPS > seen["a", "b"].caller
    assert seen["e", "f"] == (NO_OTHER_HOPS, NO_OTHER_HOPS)


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.sampled_from(Meaning), st.sampled_from(["error_ratio", "x", "ok(%)"]))
def test_what_is_lost_is_a_share(before: float, now: float, meaning: Meaning, name: str) -> None:
    assert 0 <= lost_share(name, meaning, before, now) <= 1


@given(st.lists(st.floats(0, 1), max_size=6))
def test_harms_together_are_at_least_the_largest_and_at_most_one(harms: list[float]) -> None:
    assert max(harms, default=0.0) - 1e-9 <= combined(harms) <= 1


def test_the_cost_of_a_line_does_not_grow_with_the_lines_before_it() -> None:
    templates = Templates()
    for number in range(2000):
        word = "".join(chr(97 + int(digit)) for digit in f"{number:05d}")
        templates.of(f"same {word} {word[::-1]}x")
    assert len(templates.words) <= MAX_TEMPLATES


def test_steps_and_traces_of_a_part_of_a_window_are_those_of_the_part() -> None:
    whole = telemetry(shop(60, 3))
    first, last = Window.of(whole).span_of_time
    middle = (first + last) // 2
    halves = [between(whole, first, middle), between(whole, middle, last + 1)]
    assert sum(len(half.spans) for half in halves) == len(whole.spans)
    assert not any(half.spans.orphan.any() for half in halves)
