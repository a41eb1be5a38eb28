"""Counts events that outsiders can cause often, and limits their log lines: each reason at most once a minute."""

from collections import Counter
from dataclasses import dataclass, field

REPORT_EVERY_NS = 60 * 10**9
MAX_REASONS = 100
OTHER = "another reason"


@dataclass
class Tally:
    """Counts by reason since the start, and for each reason the time (ns) and the count of its last report."""

    counts: Counter[str] = field(default_factory=Counter)
    reported: dict[str, tuple[int, int]] = field(default_factory=dict)

    def due(self, reason: str, number: int, now: int) -> int:
        """Count `number` events at `now` (ns of any clock); return how many to report now, 0 when it is too soon."""
        key = reason if reason in self.counts or len(self.counts) < MAX_REASONS else OTHER
        self.counts[key] += number
        at, before = self.reported.get(key, (now - REPORT_EVERY_NS, 0))
        unreported = self.counts[key] - before
        if not unreported or now - at < REPORT_EVERY_NS:
            return 0
        self.reported[key] = now, self.counts[key]
        return unreported
