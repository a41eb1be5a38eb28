"""Times of foreign telemetry as Unix nanoseconds: numbers in any unit, texts of numbers, dates.

A number is a date of 1998 to 2128 in one unit alone: seconds, milliseconds, microseconds and nanoseconds lie
a factor of a thousand apart.
"""

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime

LATEST = 2**63 - 1
FIRST_DATE, LAST_DATE = 9 * 10**17, 5 * 10**18  # 1998 and 2128, Unix ns
LONGEST = 30 * 86_400 * 10**9  # ns, of a span: a longer one has a wrong time
_UNITS = (1, 10**3, 10**6, 10**9)  # ns, µs, ms, s
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def nanoseconds(value: object, unit: int = 1) -> int:
    """Return Unix ns; 0 for an empty value.

    `unit` is how many ns the writer counts by; where the number is a date of our time in another unit only, that one
    counts. Raise `ValueError` or `OverflowError` for what is no time, or a time beyond 64 bits (before 1678, after
    2262).
    """
    if not value:
        return 0
    number = _number(value)
    if number is None:
        return _checked(_date(str(value)))
    return _checked(int(number * unit_of(number, unit)))


def checked_span(start: int, end: int) -> None:
    """Raise `ValueError` for the times (Unix ns) of a span that no request can have."""
    if not 0 < start <= end <= LATEST:
        raise ValueError("a time before 1970 or after 2262")
    if end - start > LONGEST:
        raise ValueError("it lasts more than 30 days")


def unit_of(number: float | Decimal, usual: int) -> int:
    """Return how many ns one of `number` is, if it is a date of our time in just that unit; else `usual`.

    >>> [unit_of(number, 1) for number in (1785000595, 1785000595000, 1785000595000000, 5)]
    [1000000000, 1000000, 1000, 1]
    """
    if FIRST_DATE <= number * usual <= LAST_DATE:
        return usual
    return next((unit for unit in _UNITS if FIRST_DATE <= number * unit <= LAST_DATE), usual)


def _number(value: object) -> int | Decimal | None:
    """Return the number, exactly; None for a text that is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} is no time")
        return Decimal(repr(value))
    if not isinstance(value, str):
        raise ValueError(f"a {type(value).__name__} is no time")
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return None
    if not number.is_finite() or abs(number.adjusted()) > 30:
        raise ValueError(f"{value[:40]} is no time")
    return number


def _date(text: str) -> int:
    """Return Unix ns of an ISO 8601 or an RFC 2822 date; UTC without a zone."""
    try:
        date = datetime.fromisoformat(text.strip().replace(" +", "+").replace(" UTC", "Z"))
    except ValueError:
        date = _mail_date(text)
    zoned = date if date.tzinfo else date.replace(tzinfo=UTC)
    return (zoned - _EPOCH) // timedelta(microseconds=1) * 1000


def _mail_date(text: str) -> datetime:
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError(f"{text[:40]!r} is no time") from error


def _checked(at: int) -> int:
    if not -LATEST <= at <= LATEST:
        raise ValueError("a time before 1678 or after 2262")
    return at
