"""`domain/pace.py`: a server that asks for rest gets it, one that fails gets more and more, and none is given up."""

from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.pace import FIRST_S, HIGHEST_S, LONGEST_S, Pace

TIMES = st.floats(0, 1e6)
ADVICE = st.none() | st.floats(0, 1e9)


@given(st.lists(st.tuples(TIMES, ADVICE), max_size=30))
def test_no_advice_is_shortened_and_no_rest_is_longer_than_an_hour(failures: list[tuple[float, float | None]]) -> None:
    pace = Pace()
    for now, advice in sorted(failures, key=lambda one: one[0]):
        before = pace.rest(now)
        pace = pace.failed(now, advice)
        assert pace.rest(now) >= max(before, min(advice or 0.0, HIGHEST_S)) - 1e-6
        assert pace.rest(now) <= max(before, HIGHEST_S) + 1e-6


def test_each_failure_doubles_the_rest_up_to_ten_seconds() -> None:
    pace, now, rests = Pace(), 100.0, []
    for _ in range(8):
        pace = pace.failed(now, None)
        rests.append(pace.rest(now))
        now = pace.until

    assert rests == [FIRST_S, 0.5, 1.0, 2.0, 4.0, 8.0, LONGEST_S, LONGEST_S]


def test_calls_that_fail_together_are_one_failure() -> None:
    pace = Pace().failed(5.0, None)

    assert pace.failed(5.0, None).failed(5.1, None) == pace


def test_an_answer_ends_the_doubling_but_not_the_rest_that_was_asked_for() -> None:
    limited = Pace().failed(0.0, None).failed(1.0, 60.0)

    assert limited.worked().rest(1.0) == 60.0
    assert limited.worked().failed(100.0, None).rest(100.0) == FIRST_S
