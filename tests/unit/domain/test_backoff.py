"""`domain/backoff.py`: a server that asks for rest gets it, one that fails gets more and more, and none is given up."""

from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.backoff import FIRST_S, MAX_ADVISED_S, MAX_S, Backoff

TIMES = st.floats(0, 1e6)
ADVICE = st.none() | st.floats(0, 1e9)


@given(st.lists(st.tuples(TIMES, ADVICE), max_size=30))
def test_no_advice_is_shortened_and_no_rest_is_longer_than_an_hour(failures: list[tuple[float, float | None]]) -> None:
    backoff = Backoff()
    for now, advice in sorted(failures, key=lambda one: one[0]):
        before = backoff.rest(now)
        backoff = backoff.failed(now, advice)
        assert backoff.rest(now) >= max(before, min(advice or 0.0, MAX_ADVISED_S)) - 1e-6
        assert backoff.rest(now) <= max(before, MAX_ADVISED_S) + 1e-6


def test_each_failure_doubles_the_rest_up_to_ten_seconds() -> None:
    backoff, now, rests = Backoff(), 100.0, []
    for _ in range(8):
        backoff = backoff.failed(now, None)
        rests.append(backoff.rest(now))
        now = backoff.until

    assert rests == [FIRST_S, 0.5, 1.0, 2.0, 4.0, 8.0, MAX_S, MAX_S]


def test_calls_that_fail_together_are_one_failure() -> None:
    backoff = Backoff().failed(5.0, None)

    assert backoff.failed(5.0, None).failed(5.1, None) == backoff


def test_an_answer_ends_the_doubling_but_not_the_rest_that_was_asked_for() -> None:
    limited = Backoff().failed(0.0, None).failed(1.0, 60.0)

    assert limited.worked().rest(1.0) == 60.0
    assert limited.worked().failed(100.0, None).rest(100.0) == FIRST_S
