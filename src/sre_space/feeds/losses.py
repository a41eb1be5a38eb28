"""Counts what an agent does not take in or cannot send, by reason, and tells each reason at most once a minute.

So a flood of garbage shows in a metric and in one line a minute, and cannot flood the log. Wired by Scout's process.
"""

import logging
from collections import Counter
from dataclasses import dataclass, field

from sre_space.domain.tally import Tally
from sre_space.ports.clock import Clock
from sre_space.ports.reporting import Reporter

log = logging.getLogger(__name__)


@dataclass
class Losses:
    """One agent's."""

    reporter: Reporter
    clock: Clock
    tally: Tally = field(default_factory=Tally)

    def count(self, reason: str, number: int = 1, example: str = "") -> None:
        """Count so many; `reason` comes from a small closed set, `example` is told with the line."""
        self.reporter.dropped(reason, number)
        if due := self.tally.due(reason, number, self.clock.now()):
            log.warning("%d dropped: %s%s", due, reason, f" ({example:.300})" if example else "")

    def take(self, dropped: Counter[str]) -> None:
        """Count what somebody dropped since the last time, and leave nothing there."""
        for reason, number in dropped.items():
            self.count(reason, number)
        dropped.clear()
