"""Times, durations, shares and names in the words of the page."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sre_space.domain.people import PERSON
from sre_space.text.plain_text import plain

MS, SECOND, MINUTE, HOUR, DAY = 10**6, 10**9, 60 * 10**9, 3600 * 10**9, 86_400 * 10**9


def ms(ns: int) -> int:
    """Return a Unix ns as Unix milliseconds."""
    return ns // MS


def ms_or_none(ns: int) -> int | None:
    """Return a Unix ns as Unix milliseconds; None for 0, which says that it is not known."""
    return ns // MS if ns else None


def clock(ns: int) -> str:
    """Return a time of day, as in `12:03:07 UTC`."""
    return datetime.fromtimestamp(ns / SECOND, UTC).strftime("%H:%M:%S UTC")


def clock_minutes(ns: int) -> str:
    """Return a time of day to the minute, as in `12:03 UTC`."""
    return datetime.fromtimestamp(ns / SECOND, UTC).strftime("%H:%M UTC")


def minute_after(ns: int) -> str:
    """Return the end of a hold or a plan to the minute above: at that time it has ended."""
    return clock_minutes(-(-ns // MINUTE) * MINUTE)


def name_of(by: str) -> str:
    """Return a person's name as people read it: of `operator:ada` the name alone."""
    return plain(by).removeprefix(PERSON)


def date(ns: int) -> str:
    """Return a date and time, as in `2026-11-30 12:03 UTC`."""
    return datetime.fromtimestamp(ns / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: float) -> str:
    """Return a duration in the unit that people say it in: `0.4 s`, `31 s`, `12 min`, `3 h`, `3 days`."""
    if seconds < 10:
        return f"{max(0.0, seconds):.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


def ago(since: int, now: int) -> str:
    """Return how long ago a Unix ns is."""
    return f"{duration((now - since) / SECOND)} ago"


def percent(share: float) -> str:
    """Return a share, never rounded up to 100 % or down to 0 %: `61 %`, `99.97 %`."""
    value = share * 100
    if value in (0.0, 100.0):
        return f"{value:.0f} %"
    for digits in (0, 1, 2, 3):
        shown = round(value, digits)
        far = 10 <= value <= 90 if digits == 0 else True
        if far and 0 < shown < 100:
            return f"{shown:.{digits}f} %"
    return "over 99.999 %" if value > 50 else "under 0.001 %"


def number(count: int) -> str:
    """Return a count with its thousands apart, as in `18,204`."""
    return f"{count:,}"


def listed(names: Sequence[str], limit: int = 3) -> str:
    """Return names as a person lists them: `a`, `a and b`, `a, b and 4 more`."""
    shown = list(names[:limit])
    if len(names) > limit:
        return f"{', '.join(shown)} and {len(names) - limit} more"
    return " and ".join(filter(None, (", ".join(shown[:-1]), *shown[-1:])))


def plural(count: int, word: str) -> str:
    """Return a count with its noun: `1 incident`, `3 incidents`."""
    return f"{number(count)} {word}{'' if count == 1 else 's'}"
