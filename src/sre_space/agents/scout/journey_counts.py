"""The counts of one journey that Scout reports: they only grow while its process runs, so that readers see increments.

What began before `since` is left out: it is read back at a start, all at once, and an earlier process has counted it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sre_space.agents.scout.journeys import Attempt
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.cohorts import SECOND, Cohort
from sre_space.domain.detectors import JourneyReport


@dataclass
class JourneyCounts:
    """Attempts, good and bad, and customers who asked and bought, since a Unix ns; 0 before counting has begun."""

    since: int = 0
    good: int = 0
    bad: int = 0
    asked: int = 0
    bought: int = 0

    def take(self, attempt: Attempt) -> None:
        """Count an attempt."""
        if self.since and attempt.start >= self.since:
            self.good += attempt.good
            self.bad += not attempt.good

    def take_cohorts(self, cohorts: Iterable[Cohort]) -> None:
        """Count the customers of decided cohorts."""
        counted = [cohort for cohort in cohorts if self.since and cohort.second * SECOND >= self.since]
        self.asked += sum(cohort.asked for cohort in counted)
        self.bought += sum(cohort.bought for cohort in counted)

    def report(self, journey: str, budget: Budget | None, now: int) -> JourneyReport:
        """Return the counts and the burn rates at `now` (Unix ns); the first report begins the counting."""
        self.since = self.since or now
        burns = budget.burns(now) if budget else ()
        return JourneyReport(journey, self.since, self.good, self.bad, self.asked, self.bought, burns)
