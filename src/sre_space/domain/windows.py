"""Weekly windows of the configuration, in the local time of the people who wrote them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

DAY_S = 24 * 3600
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NEIGHBOURS = (-1, 0, 1)  # a change of the clocks at midnight moves a window across it


@dataclass(frozen=True)
class WeeklyWindow:
    """A window that each week repeats, as of a freeze or a maintenance: weekdays (Monday 0), [since, until) by `zone`.

    `since_s` and `until_s` are seconds of the local day. Where the clocks are changed in a window it is never shorter
    than it reads: it has both of an hour that comes twice, and an hour that is left out counts before as well as after.
    """

    days: tuple[int, ...]
    since_s: int
    until_s: int
    zone: tzinfo = UTC

    def holds(self, at: int) -> bool:
        """Return True when a time (Unix ns) lies in the window."""
        return self.span(at) is not None

    def span(self, at: int) -> tuple[int, int] | None:
        """Return beginning and end (Unix ns) of the window that contains `at`; None when it lies in none."""
        return next((span for span in self._around(at) if span[0] <= at < span[1]), None)

    def _around(self, at: int) -> Iterator[tuple[int, int]]:
        """Yield beginning and end (Unix ns) of the windows that begin on the local day of `at`, or next to it."""
        today = (_EPOCH + timedelta(microseconds=at // 1000)).astimezone(self.zone).date()
        for day in (today + timedelta(days=days) for days in _NEIGHBOURS):
            if day.weekday() in self.days:
                yield min(self._moments(day, self.since_s)), max(self._moments(day, self.until_s))

    def _moments(self, day: date, seconds: int) -> tuple[int, int]:
        """Return the Unix ns of a local time as read before and after a change of the clocks; else they are equal."""
        days, rest = divmod(seconds, DAY_S)
        local = datetime.combine(day + timedelta(days=days), time(), self.zone) + timedelta(seconds=rest)
        first, second = (local.replace(fold=fold).astimezone(UTC) - _EPOCH for fold in (0, 1))
        return first // timedelta(microseconds=1) * 1000, second // timedelta(microseconds=1) * 1000
