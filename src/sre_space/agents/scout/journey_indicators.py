"""The indicators of one journey: its error budget and its conversion, each only where the journey declares it.

`conversion_detector.py` and `slo_detector.py` have a detector each, over all journeys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.agents.scout.journey_counts import JourneyCounts
from sre_space.agents.scout.journeys import Attempt
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.cohorts import Cohorts
from sre_space.analysis.detection.conversion import Conversion
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.domain.journeys import Journey

SECOND = 10**9
COMPLETE_AFTER_NS = SECOND // 2  # by then both event topics are read: services publish immediately
LATE_NS = 5 * SECOND  # within which the spans of both steps have arrived


@dataclass
class JourneyIndicators:
    """The indicators of `journey`, and the cohorts that its conversion is computed from.

    `scale` shortens the windows of the error budget's alerts.
    """

    journey: Journey
    scale: float = 1.0
    budget: Budget | None = field(init=False, default=None)
    conversion: Conversion | None = field(init=False, default=None)
    cohorts: Cohorts = field(init=False, default_factory=Cohorts)
    counts: JourneyCounts = field(init=False, default_factory=JourneyCounts)

    def __post_init__(self) -> None:
        """Create what the journey declares."""
        if self.journey.slo is not None:
            self.budget = Budget(self.journey.name, self.journey.slo, self.scale)
        if self.journey.conversion is not None:
            self.conversion = Conversion(self.journey.name)
            self.cohorts = Cohorts(self.journey.conversion.within_ns)

    def take(self, attempt: Attempt, inhibited: bool) -> None:
        """Add an attempt of the journey; an inhibited one burns no error budget."""
        self.counts.take(attempt)
        if self.budget is not None:
            self.budget.add(attempt.start, attempt.good, not attempt.good, inhibited)
        steps = self.journey.conversion
        if steps is not None and not steps.topics and attempt.good:
            self._take_step(attempt.step, attempt.journey, attempt.start)

    def take_event(self, topic: str, key: str, at: int) -> None:
        """Add an event that happened at `at` (Unix ns), if its topic is one of the conversion's."""
        if self.journey.conversion is not None and self.journey.conversion.topics:
            self._take_step(topic, key, at)

    def _take_step(self, step: str, key: str, at: int) -> None:
        assert self.journey.conversion is not None
        if step == self.journey.conversion.first:
            self.cohorts.ask(key, at)
        elif step == self.journey.conversion.second:
            self.cohorts.buy(key, at)

    def evaluate(self, now: int, spans_until: int, inhibitions: Sequence[Inhibition]) -> None:
        """Evaluate the cohorts that are decided at `now`; spans were received until `spans_until` (Unix ns)."""
        if self.conversion is None or self.journey.conversion is None:
            return
        by_events = self.journey.conversion.topics
        known_until = now - COMPLETE_AFTER_NS if by_events else min(now - LATE_NS, spans_until)
        decided = list(self.cohorts.decided(known_until))
        self.counts.take_cohorts(decided)
        self.conversion.evaluate(decided, inhibitions)


def spent(journeys: Mapping[str, JourneyIndicators], now: int) -> dict[str, float]:
    """Return the spent share of each journey's error budget at `now` (Unix ns), by the journey's name."""
    budgets = ((name, one.budget) for name, one in journeys.items())
    return {name: budget.spent(now) for name, budget in budgets if budget is not None}
