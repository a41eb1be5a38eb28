"""Which times an event may claim, and when a record was heard of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.event_time import (
    AHEAD_NS,
    BACKWARD,
    FUTURE,
    MAX_AGE_NS,
    MAX_LASTING_NS,
    PAST,
    implausible_reason,
    implausible_span_reason,
    plausible,
    reception_time,
)

SECOND = 10**9
NOW = 1_764_000_000 * SECOND
TIMES = st.integers(-(2**63), 2**64)
ABSURD = [
    (0, PAST), (-1, PAST), (1, PAST), (NOW - 86_400 * SECOND, PAST), (NOW - MAX_AGE_NS - 1, PAST),
    (NOW + AHEAD_NS + 1, FUTURE), (NOW + 86_400 * SECOND, FUTURE), (2**63 - 1, FUTURE), (2**64 - 1, FUTURE),
]  # fmt: skip


@pytest.mark.parametrize(("at", "reason"), ABSURD)
def test_a_time_that_cannot_be_has_a_reason(at: int, reason: str) -> None:
    assert implausible_reason(at, NOW) == reason
    assert implausible_span_reason(at, at, NOW) == reason
    assert reception_time(at, NOW) == NOW


@pytest.mark.parametrize("at", [NOW, NOW - MAX_AGE_NS, NOW + AHEAD_NS, NOW - SECOND])
def test_a_time_of_now_may_be_a_little_off(at: int) -> None:
    assert plausible(at, NOW)
    assert implausible_span_reason(at, at, NOW) == ""
    assert reception_time(at, NOW) == min(at, NOW)


def test_a_span_ends_now_after_it_began_and_does_not_last_for_days() -> None:
    assert implausible_span_reason(NOW - 3600 * SECOND, NOW, NOW) == ""
    assert implausible_span_reason(NOW, NOW - 1, NOW) == BACKWARD
    assert implausible_span_reason(0, NOW, NOW) == implausible_span_reason(NOW - MAX_LASTING_NS - 1, NOW, NOW) == PAST
    assert implausible_span_reason(NOW - SECOND, NOW + 60 * SECOND, NOW) == FUTURE


@given(TIMES, TIMES, TIMES)
def test_what_counts_is_never_beyond_now_by_more_than_the_bound(begin: int, end: int, claimed: int) -> None:
    assert reception_time(claimed, NOW) <= NOW
    if not implausible_span_reason(begin, end, NOW):
        assert begin <= end <= NOW + AHEAD_NS
        assert end >= NOW - MAX_AGE_NS
