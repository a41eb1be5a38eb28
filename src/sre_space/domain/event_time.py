"""Which times an event may claim. Whatever an outsider dates is asked here before it counts: live, and read back.

A time beyond these bounds is a wrong clock or a forgery. It is dropped and counted by its reason, never corrected:
nobody knows when it really was. Within them, what is a little ahead counts as of now.
"""

SECOND = 10**9
AHEAD_NS = 5 * SECOND  # hosts with NTP differ by milliseconds; what is off by more looks to Scout like a feed that lags
MAX_AGE_NS = 15 * 60 * SECOND  # what Scout remembers, and reads back after a restart
MAX_LASTING_NS = 24 * 3600 * SECOND  # of one span

FUTURE = "an event time in the future"
PAST = "an event time too long ago"
BACKWARD = "an end before its beginning"


def plausible(at: int, now: int, kept: int = MAX_AGE_NS) -> bool:
    """True for an event at `at` that is heard of at `now`, both Unix ns; `kept` is how far back it may lie."""
    return now - kept <= at <= now + AHEAD_NS


def why_not(at: int, now: int, kept: int = MAX_AGE_NS) -> str:
    """Return why a time is not `plausible`, "" when it is."""
    if plausible(at, now, kept):
        return ""
    return FUTURE if at > now else PAST


def why_no_span(begin: int, end: int, now: int, kept: int = MAX_AGE_NS) -> str:
    """Return why nothing can have lasted from `begin` to `end`, "" when it can: what ends now may have begun before."""
    if begin > now + AHEAD_NS:
        return FUTURE
    if begin > end:
        return BACKWARD
    return why_not(end, now, kept) or why_not(begin, end, MAX_LASTING_NS)


def heard_at(claimed: int, now: int) -> int:
    """Return when a record was heard of, for judging what is in it (Unix ns).

    That is what it claims, since a record may be read late or read back, unless its own time is none: then it is now.
    """
    return min(claimed, now) if plausible(claimed, now) else now
