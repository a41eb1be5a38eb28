"""Weekly windows in UTC and in local time, also in the nights in which the clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.domain.windows import WeeklyWindow

SECOND = 10**9
HOUR = 3600
VIENNA = ZoneInfo("Europe/Vienna")
EVERY_DAY = tuple(range(7))
MONDAY, SUNDAY = 0, 6


def ns(text: str) -> int:
    """Return a time with its offset as Unix ns."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def span_of(window: WeeklyWindow, at: str) -> tuple[str, str] | None:
    """Return the window at a time, in UTC."""
    span = window.span(ns(at))
    return span and tuple(datetime.fromtimestamp(one // SECOND, UTC).strftime("%d %H:%M") for one in span)  # type: ignore[return-value]


@given(st.integers(0, 4 * 10**18), st.integers(0, 23), st.integers(1, 24), st.sets(st.integers(0, 6)))
def test_in_utc_a_window_is_its_weekdays_and_seconds(at: int, since: int, until: int, days: set[int]) -> None:
    window = WeeklyWindow(tuple(days), since * HOUR, until * HOUR)
    day, rest = divmod(at // SECOND, 24 * HOUR)

    assert window.holds(at) == ((day + 3) % 7 in days and since * HOUR <= rest < until * HOUR)


def test_in_summer_and_in_winter_a_window_is_at_the_same_local_time() -> None:
    window = WeeklyWindow((MONDAY,), 22 * HOUR, 24 * HOUR, VIENNA)

    assert span_of(window, "2026-07-06T21:30:00+00:00") == ("06 20:00", "06 22:00")
    assert span_of(window, "2026-12-07T21:30:00+00:00") == ("07 21:00", "07 23:00")
    assert span_of(window, "2026-07-06T22:30:00+00:00") is None


def test_the_weekday_is_the_local_one() -> None:
    window = WeeklyWindow((MONDAY,), 0, 2 * HOUR, VIENNA)

    assert span_of(window, "2026-07-05T22:30:00+00:00") == ("05 22:00", "06 00:00")


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        (1.0, 4.0, ("29 00:00", "29 02:00")),  # 01:00 CET to 04:00 CEST
        (1.0, 2.5, ("29 00:00", "29 01:30")),  # to 02:30 CET, which the clocks show as 03:30
        (2.5, 4.0, ("29 00:30", "29 02:00")),  # from 02:30 CEST, which the clocks show as 01:30
        (2.0, 3.0, ("29 00:00", "29 01:00")),  # the hour that is left out
    ],
)
def test_when_the_clocks_go_forward_a_window_is_not_shorter_than_it_reads(
    since: float, until: float, span: tuple[str, str]
) -> None:
    window = WeeklyWindow((SUNDAY,), int(since * HOUR), int(until * HOUR), VIENNA)

    assert span_of(window, f"2026-03-{span[0].replace(' ', 'T')}:00+00:00") == span


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        (1.0, 4.0, ("24 23:00", "25 03:00")),  # four hours: 02:00 to 03:00 comes twice
        (2.5, 4.0, ("25 00:30", "25 03:00")),  # from the first 02:30
        (1.0, 2.5, ("24 23:00", "25 01:30")),  # to the second 02:30
    ],
)
def test_when_the_clocks_go_back_a_window_has_both_of_the_hour_that_comes_twice(
    since: float, until: float, span: tuple[str, str]
) -> None:
    window = WeeklyWindow((SUNDAY,), int(since * HOUR), int(until * HOUR), VIENNA)

    assert span_of(window, f"2026-10-{span[0].replace(' ', 'T')}:00+00:00") == span


@given(st.integers(ns("2020-01-01T00:00:00Z"), ns("2030-01-01T00:00:00Z")), st.integers(0, 23), st.integers(1, 24))
def test_what_the_local_clock_shows_within_the_window_is_in_it(at: int, since: int, until: int) -> None:
    window = WeeklyWindow(EVERY_DAY, since * HOUR, until * HOUR, VIENNA)
    shown = datetime.fromtimestamp(at // SECOND, VIENNA)
    seconds = timedelta(hours=shown.hour, minutes=shown.minute, seconds=shown.second).total_seconds()

    if since * HOUR <= seconds < until * HOUR:
        assert window.holds(at)
