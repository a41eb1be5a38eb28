"""When to tell of what is dropped: each reason at most once a minute, with how many it were since."""

from collections import Counter
from dataclasses import dataclass, field

TELL_EVERY_NS = 60 * 10**9


@dataclass
class Tally:
    """Counts by reason; `untold` are those since the last line of the same reason."""

    untold: Counter[str] = field(default_factory=Counter)
    told_at: dict[str, int] = field(default_factory=dict)

    def due(self, reason: str, number: int, now: int) -> int:
        """Count so many at `now` (Unix ns); return how many to tell of, 0 when it is too soon for a line."""
        self.untold[reason] += number
        if not self.untold[reason]:
            return 0
        if reason in self.told_at and now - self.told_at[reason] < TELL_EVERY_NS:
            return 0
        self.told_at[reason] = now
        return self.untold.pop(reason)
