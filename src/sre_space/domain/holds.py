"""Holds: people work on services, and until the hold ends the agents only watch them.

While a service is held Scout measures and records, Brain and Fixer wait, and nobody is called. Read by all agents
through `ports/holds.py`; pure.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sre_space.domain.dependencies import Calls, reach
from sre_space.domain.facts import Step
from sre_space.domain.space_config import DAY_NS, Maintenance
from sre_space.domain.symptoms import SymptomKind

ALL = "all"  # instead of a service's name: every service and every journey
MAX_HOLD_NS = DAY_NS  # a forgotten hold ends by itself
MAX_REASON = 400  # characters
WAITING_STEPS = (Step.DECIDE, Step.ACT, Step.UNDO)  # what a hold puts off; everything else only records
IN_CONFIGURATION = "the configuration"


@dataclass(frozen=True)
class Hold:
    """A hold on `services` (`ALL` among them: on everything) in [since, until), Unix ns.

    `reason` is the text of the person `by` whom it was placed, and only shown. `source` is where it is written, `issue`
    the number of its issue (0: the configuration). `order` is the comment that placed it, where its issue has several
    holds; 0 elsewhere.
    """

    services: frozenset[str]
    since: int
    until: int
    reason: str
    by: str
    source: str
    issue: int = 0
    order: int = 0

    def lasts(self, at: int) -> bool:
        """Return True when the Unix ns lies in the hold."""
        return self.since <= at < self.until

    def covers(self, services: Collection[str]) -> bool:
        """Return True when one of the services is held."""
        return ALL in self.services or not self.services.isdisjoint(services)

    @property
    def names(self) -> str:
        """Return the names of what is held, for people."""
        return "everything" if ALL in self.services else ", ".join(sorted(self.services))


def held(holds: Iterable[Hold], services: Collection[str], now: int) -> Hold | None:
    """Return the hold on one of the services that ends last at `now` (Unix ns); None when none of them is held."""
    lasting = (hold for hold in holds if hold.lasts(now) and hold.covers(services))
    return max(lasting, key=lambda hold: hold.until, default=None)


def blamable(kind: SymptomKind, subject: str, calls: Calls) -> frozenset[str]:
    """Return the services whose hold puts a symptom off: it may come from the work on any of them.

    That is the service alone for an outage, otherwise also those that it calls, and for a journey every service.
    """
    if subject not in calls:
        return frozenset({subject, *calls})
    return frozenset({subject}) if kind.is_seen_by_probes else reach(subject, calls)


def maintenance_holds(windows: Iterable[Maintenance], now: int) -> tuple[Hold, ...]:
    """Return a hold for each maintenance window of the configuration that contains `now` (Unix ns)."""
    spans = ((planned, planned.window.span(now)) for planned in windows)
    return tuple(
        Hold(frozenset(planned.services), *span, planned.reason, IN_CONFIGURATION, "a maintenance window")
        for planned, span in spans
        if span is not None
    )
