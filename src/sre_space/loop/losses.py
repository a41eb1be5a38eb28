"""Counts what an agent does not take in or cannot send, by reason, and tells each reason at most once a minute.

So a flood of garbage shows in a metric and in one line a minute, and cannot flood the log. Wired by Scout's process.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field

from sre_space.ports.clock import Clock
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)

TELL_EVERY_NS = 60 * 10**9


@dataclass
class Losses:
    """`untold` are those since the last line of the same reason."""

    reporter: Reporter
    clock: Clock
    untold: Counter[str] = field(default_factory=Counter)
    told_at: dict[str, int] = field(default_factory=dict)

    def count(self, reason: str, number: int = 1, example: str = "") -> None:
        """Count so many; `reason` comes from a small closed set, `example` is told with the line."""
        now = self.clock.now()
        self.reporter.dropped(reason, number)
        self.untold[reason] += number
        if reason not in self.told_at or now - self.told_at[reason] >= TELL_EVERY_NS:
            self.told_at[reason] = now
            log.warning("%d dropped: %s%s", self.untold.pop(reason), reason, f" ({example:.300})" if example else "")

    def take(self, dropped: Counter[str]) -> None:
        """Count what somebody dropped since the last time, and leave nothing there."""
        for reason, number in dropped.items():
            self.count(reason, number)
        dropped.clear()
