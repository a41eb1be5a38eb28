"""Whether Scout receives timely telemetry: without it, nothing is said about the health of the application.

Health probes do not depend on telemetry.
"""

from collections.abc import Iterable
from dataclasses import dataclass

SECOND = 10**9
SILENT_NS = 5 * SECOND  # without a record on a feed
LAGGING_NS = 5 * SECOND  # from the end of the newest span to now


@dataclass(frozen=True)
class Feed:
    """The newest record of one topic: its arrival and its event time, Unix ns."""

    name: str
    heard_at: int
    newest: int


@dataclass(frozen=True)
class TelemetryHealth:
    """The health of the telemetry. `reason` is "" when Scout receives it in time.

    `since` is when that ended (Unix ns); 0 when telemetry is timely or never was.
    """

    reason: str = ""
    since: int = 0

    @property
    def blind(self) -> bool:
        """Return True when telemetry is stale, so that it may neither open an incident nor confirm a recovery."""
        return bool(self.reason)


def telemetry_health(feeds: Iterable[Feed], resumed_at: int, now: int) -> TelemetryHealth:
    """Return the health of the feeds at `now` (Unix ns).

    Nothing counts that is not newer than `resumed_at`, since when this process runs without a pause.
    """
    for feed in feeds:
        if now - feed.heard_at > SILENT_NS:
            return TelemetryHealth(
                f"no record arrived on {feed.name} for {(now - feed.heard_at) / SECOND:.1f} s", feed.heard_at
            )
        if now - feed.newest > LAGGING_NS:
            return TelemetryHealth(f"{feed.name} lags by {(now - feed.newest) / SECOND:.1f} s", feed.newest)
        if feed.newest <= resumed_at:
            return TelemetryHealth(f"no record on {feed.name} is newer than a pause of this process", feed.newest)
    return TelemetryHealth()
