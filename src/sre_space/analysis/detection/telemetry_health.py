"""Can Scout see? Blind is not sick: without timely telemetry nothing is said of the patient.

Health probes do not depend on telemetry.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND = 10**9
SILENT_NS = 5 * SECOND  # without a record of a feed
LAGGING_NS = 5 * SECOND  # from the end of the newest span to now


@dataclass(frozen=True)
class Feed:
    """What was heard of one topic: the arrival of its newest record and its newest event time, Unix ns."""

    name: str
    heard_at: int
    newest: int


@dataclass(frozen=True)
class TelemetryHealth:
    """`reason` is "" when Scout sees; `since` is from when on it does not (Unix ns; 0: it sees, or never has)."""

    reason: str = ""
    since: int = 0

    @property
    def blind(self) -> bool:
        """No incident may be opened and no recovery be called on telemetry."""
        return bool(self.reason)


def telemetry_health(feeds: Iterable[Feed], resumed_at: int, now: int) -> TelemetryHealth:
    """What can be seen at `now` (Unix ns) by a process that runs without a pause since `resumed_at`."""
    for feed in feeds:
        if now - feed.heard_at > SILENT_NS:
            return TelemetryHealth(
                f"nothing was heard on {feed.name} for {(now - feed.heard_at) / SECOND:.1f} s", feed.heard_at
            )
        if now - feed.newest > LAGGING_NS:
            return TelemetryHealth(f"{feed.name} lags by {(now - feed.newest) / SECOND:.1f} s", feed.newest)
        if feed.newest <= resumed_at:
            return TelemetryHealth(f"nothing on {feed.name} is newer than a pause of this process", feed.newest)
    return TelemetryHealth()
