"""Counts what strangers can make happen often, and says when to tell of it: each reason at most once a minute."""

from collections import Counter
from dataclasses import dataclass, field

TELL_EVERY_NS = 60 * 10**9
MAX_REASONS = 100
OTHER = "another reason"


@dataclass
class Tally:
    """`counts` by reason since the start; `told` has when each was told last (ns), and how many it were then."""

    counts: Counter[str] = field(default_factory=Counter)
    told: dict[str, tuple[int, int]] = field(default_factory=dict)

    def due(self, reason: str, number: int, now: int) -> int:
        """Count so many at `now` (ns of any clock); return how many to tell of, 0 when it is too soon for a line."""
        known = reason if reason in self.counts or len(self.counts) < MAX_REASONS else OTHER
        self.counts[known] += number
        at, before = self.told.get(known, (now - TELL_EVERY_NS, 0))
        news = self.counts[known] - before
        if not news or now - at < TELL_EVERY_NS:
            return 0
        self.told[known] = now, self.counts[known]
        return news
