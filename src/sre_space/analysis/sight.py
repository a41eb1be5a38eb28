"""Can Scout see? Blind is not sick: without timely telemetry nothing is said of the patient.

Health probes do not depend on telemetry; they stay valid unless the machine itself slept.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND = 10**9
SILENT_NS = 5 * SECOND  # without a record of a feed
LAGGING_NS = 5 * SECOND  # from the end of the newest span to now
LATE_TICK_NS = 2 * SECOND  # between two looks of our own


@dataclass(frozen=True)
class Feed:
    """What was heard of one topic: the arrival of its newest record and its newest event time, Unix ns."""

    name: str
    heard_at: int
    newest: int


@dataclass(frozen=True)
class Sight:
    """`reason` is "" when Scout sees. `slept`: our own process did not run, so probes count for nothing either."""

    reason: str = ""
    slept: bool = False

    @property
    def blind(self) -> bool:
        """No incident may be opened and no recovery be called on telemetry."""
        return bool(self.reason)


def sight(feeds: Iterable[Feed], looked_at: int, now: int) -> Sight:
    """What can be seen at `now`, when the look before was at `looked_at` (0: this is the first)."""
    if looked_at and now - looked_at > LATE_TICK_NS:
        return Sight(f"this process did not run for {(now - looked_at) / SECOND:.1f} s", slept=True)
    for feed in feeds:
        if now - feed.heard_at > SILENT_NS:
            return Sight(f"nothing was heard on {feed.name} for {(now - feed.heard_at) / SECOND:.1f} s")
        if now - feed.newest > LAGGING_NS:
            return Sight(f"{feed.name} lags by {(now - feed.newest) / SECOND:.1f} s")
    return Sight()
