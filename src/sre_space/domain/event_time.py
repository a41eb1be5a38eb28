"""The bounds of plausible event times. Every timestamp from outside is checked here, live and when read back.

A time beyond these bounds is a wrong clock or a forgery. The event is dropped and counted by its reason, never
corrected: its true time is unknown. Within the bounds, a time that is a little in the future counts as now.
"""

SECOND = 10**9
AHEAD_NS = 5 * SECOND  # hosts with NTP differ by milliseconds; a larger offset looks to Scout like delayed telemetry
MAX_AGE_NS = 15 * 60 * SECOND  # how much telemetry Scout keeps, and reads back after a restart
MAX_LASTING_NS = 24 * 3600 * SECOND  # of one span

FUTURE = "an event time in the future"
PAST = "an event time too long ago"
BACKWARD = "an end before its beginning"


def plausible(at: int, now: int, kept: int = MAX_AGE_NS) -> bool:
    """Return True when an event received at `now` can have happened at `at` (Unix ns), at most `kept` ns before."""
    return now - kept <= at <= now + AHEAD_NS


def implausible_reason(at: int, now: int, kept: int = MAX_AGE_NS) -> str:
    """Return why an event's time (Unix ns) cannot be true at `now`; "" when it can.

    It cannot when it lies in the future, or more than `kept` ns in the past.
    """
    if plausible(at, now, kept):
        return ""
    return FUTURE if at > now else PAST


def implausible_span_reason(begin: int, end: int, now: int, kept: int = MAX_AGE_NS) -> str:
    """Return why [begin, end] (Unix ns) is not plausible, "" when it is; `kept` bounds the end, 24 h the duration."""
    if begin > now + AHEAD_NS:
        return FUTURE
    if begin > end:
        return BACKWARD
    return implausible_reason(end, now, kept) or implausible_reason(begin, end, MAX_LASTING_NS)


def reception_time(claimed: int, now: int) -> int:
    """Return the time of a record's reception (Unix ns), against which the events in the record are checked.

    That is the record's own timestamp, since it may be read late or read back, or `now` where it is not plausible.
    """
    return min(claimed, now) if plausible(claimed, now) else now
