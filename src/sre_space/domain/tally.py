"""Counts what happens too often to be told each time. Used where strangers decide how often it happens."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

TELL_EVERY_NS = 30 * 10**9
MAX_REASONS = 20
OTHER = "another reason"


@dataclass
class Tally:
    """`counts` by reason since the start; `told_at` is when they were told last, on any clock in nanoseconds."""

    counts: Counter[str] = field(default_factory=Counter)
    told_at: int | None = None

    def add(self, reason: str, now: int, number: int = 1) -> Mapping[str, int] | None:
        """Count; return all counts when it is time to tell them: the first time, then every 30 seconds at most."""
        known = reason in self.counts or len(self.counts) < MAX_REASONS
        self.counts[reason if known else OTHER] += number
        if self.told_at is not None and now - self.told_at < TELL_EVERY_NS:
            return None
        self.told_at = now
        return dict(self.counts)
