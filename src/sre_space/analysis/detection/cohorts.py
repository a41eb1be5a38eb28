"""Who asked and who bought, as cohorts by event time, told only when they are old enough to have decided.

Used by `conversion.py`. Events may come in any order, late by less than the time to decide, and more than once.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

SECOND = 10**9


@dataclass(frozen=True)
class Cohort:
    """Those who asked in one Unix second and how many of them bought in time."""

    second: int
    asked: int
    bought: int


@dataclass
class Cohorts:
    """Cohorts that are still deciding; the state is bounded by the rate times `decides_ns`.

    `decides_ns` is how long after asking a purchase still counts. It must cover the time to think and to answer.
    """

    decides_ns: int = 5 * SECOND
    asked: dict[str, int] = field(default_factory=dict)
    bought: dict[str, int] = field(default_factory=dict)
    told: int = 0

    def ask(self, id: str, at: int) -> None:
        """Somebody asked; a cohort that was told already does not change."""
        if at // SECOND >= self.told:
            self.asked.setdefault(id, at)

    def buy(self, id: str, at: int) -> None:
        """What was asked under this id was bought; the first purchase counts."""
        self.bought[id] = min(at, self.bought.get(id, at))

    def forget(self, until: int) -> None:
        """Tell nothing of those who asked before a Unix ns: not all that they did was heard."""
        self.asked.clear()
        self.bought.clear()
        self.told = max(self.told, until // SECOND + 1)

    def decided(self, known_until: int) -> Iterator[Cohort]:
        """The cohorts that are decided, oldest first, each once.

        `known_until` (Unix ns) is until when both topics are known to be complete, so that a bus that lags delays a
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
        self.told = max(self.told, end)
        self.bought = {id: at for id, at in self.bought.items() if id in self.asked or at >= end * SECOND}

    def _bought_in_time(self, id: str) -> bool:
        at = self.bought.get(id)
        return at is not None and at <= self.asked[id] + self.decides_ns
