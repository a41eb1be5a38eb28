"""Customers who asked for a quote and those who bought, as cohorts by event time.

A cohort is reported once it is old enough for all its customers to have decided. Used by `conversion.py`. Events may
come in any order, late by less than the time to decide, and more than once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

SECOND = 10**9


@dataclass(frozen=True)
class Cohort:
    """The customers who asked in one Unix second, and how many of them bought in time."""

    second: int
    asked: int
    bought: int


@dataclass
class Cohorts:
    """Cohorts that are still deciding; the state is bounded by the rate of requests times `decides_ns`.

    `decides_ns` is how long after asking a purchase still counts. It must cover the time to think and to answer.
    """

    decides_ns: int = 5 * SECOND
    asked: dict[str, int] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    decided_until: int = 0

    def ask(self, id: str, at: int) -> None:
        """Record that a customer asked at a Unix ns; a cohort that was already reported does not change."""
        if at // SECOND >= self.decided_until:
            self.asked.setdefault(id, at)

    def buy(self, id: str, at: int) -> None:
        """Record that the quote with this id was bought at a Unix ns; the first purchase counts."""
        self.bought[id] = min(at, self.bought.get(id, at))

    def forget(self, until: int) -> None:
        """Drop the cohorts before a Unix ns and report none of them: their events are incomplete."""
        self.asked.clear()
        self.bought.clear()
        self.decided_until = max(self.decided_until, until // SECOND + 1)

    def decided(self, known_until: int) -> Iterator[Cohort]:
        """Yield the cohorts that are decided, oldest first, each once.

        `known_until` is the Unix ns until which both topics are known to be complete, so that a bus that lags delays a
        cohort instead of making it look as if nobody bought.
        """
        end = (known_until - self.decides_ns) // SECOND
        due: dict[int, list[str]] = {}
        for id, at in self.asked.items():
            if at // SECOND < end:
                due.setdefault(at // SECOND, []).append(id)
        for second in sorted(due):
            yield Cohort(second, len(due[second]), sum(self._bought_in_time(id) for id in due[second]))
            for id in due[second]:
                del self.asked[id]
        self.decided_until = max(self.decided_until, end)
        self.bought = {id: at for id, at in self.bought.items() if id in self.asked or at >= end * SECOND}

    def _bought_in_time(self, id: str) -> bool:
        """Return True when the quote was bought within `decides_ns` after it was asked for."""
        at = self.bought.get(id)
        return at is not None and at <= self.asked[id] + self.decides_ns
