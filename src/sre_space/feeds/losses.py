"""Counts by reason what an agent does not take in or cannot send, and logs each reason at most once a minute.

A flood of garbage shows in a metric and in one line a minute, and cannot flood the log. Wired by Scout's process.
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
    """The counts of one agent."""

    reporter: Reporter
    clock: Clock
    tally: Tally = field(default_factory=Tally)

    def count(self, reason: str, number: int = 1, example: str = "") -> None:
        """Count `number` losses; `reason` is one of a small closed set, `example` is logged with it."""
        self.reporter.dropped(reason, number)
        if due := self.tally.due(reason, number, self.clock.now()):
            log.warning("%d dropped: %s%s", due, reason, f" ({example:.300})" if example else "")

    def take(self, dropped: Counter[str]) -> None:
        """Count the losses that another object has collected, and clear its counter."""
        for reason, number in dropped.items():
            self.count(reason, number)
        dropped.clear()
