from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.clocks import (
    MAX_AGE_NS,
    SECOND,
    WRONG_NS,
    ClockComparison,
    ClockReading,
    compare_clocks,
    recent_readings,
)

NOW, STEADY = 1_700_000_000 * SECOND, 5_000 * SECOND


def told(offset: int, age: int = SECOND, under_way: int = 0) -> tuple[ClockReading, ...]:
    """One answer of a clock from which ours differs by `offset` ns."""
    return (ClockReading(NOW - offset - age - under_way, STEADY - age),)


def test_a_clock_that_nobody_contradicts_is_right() -> None:
    assert compare_clocks({}, NOW, STEADY) == ClockComparison()
    assert compare_clocks({"forge": (), "quote-service": told(0)}, NOW, STEADY) == ClockComparison()


def test_a_clock_that_differs_from_most_others_is_wrong_and_by_how_much_is_said() -> None:
    found = compare_clocks({"forge": told(600 * SECOND), "a": told(601 * SECOND), "b": told(600 * SECOND)}, NOW, STEADY)

    assert found.own == "this clock is 600 s ahead of a, b and forge"
    assert found.others == ""
    assert compare_clocks({"forge": told(-600 * SECOND)}, NOW, STEADY).own == "this clock is 600 s behind forge"


def test_another_clock_that_differs_from_ours_and_from_most_is_the_wrong_one() -> None:
    found = compare_clocks({"forge": told(-600 * SECOND), "a": told(0), "b": told(SECOND)}, NOW, STEADY)

    assert found == ClockComparison(others="the clock of forge is 600 s ahead")


def test_of_two_that_contradict_each_other_our_own_decides() -> None:
    assert compare_clocks({"forge": told(600 * SECOND), "a": told(0)}, NOW, STEADY).own == ""


def test_a_clock_that_is_set_shows_at_once() -> None:
    heard = {"forge": told(0), "a": told(0)}

    assert compare_clocks(heard, NOW, STEADY).own == ""
    assert compare_clocks(heard, NOW + 600 * SECOND, STEADY).own == "this clock is 600 s ahead of a and forge"
    assert (
        compare_clocks(heard, NOW + 600 * SECOND, STEADY + 600 * SECOND).own == ""
    )  # ten minutes of both clocks later


def test_an_answer_that_was_under_way_for_long_is_no_difference() -> None:
    slow, quick = told(0, 2 * SECOND, under_way=WRONG_NS + SECOND), told(0)

    assert compare_clocks({"a": slow}, NOW, STEADY).own
    assert not compare_clocks({"a": (*slow, *quick)}, NOW, STEADY).own


def test_what_was_told_a_minute_ago_is_forgotten() -> None:
    old, young = told(0, MAX_AGE_NS + 1)[0], told(0, MAX_AGE_NS)[0]

    assert recent_readings((old, young), STEADY) == (young,)


@given(st.lists(st.integers(-(10**12), 10**12), max_size=7))
def test_own_is_wrong_exactly_when_most_differ(offsets: list[int]) -> None:
    heard = {str(number): told(offset) for number, offset in enumerate(offsets)}

    most = 2 * sum(abs(offset) > WRONG_NS for offset in offsets) > len(offsets)
    assert bool(compare_clocks(heard, NOW, STEADY).own) is most
