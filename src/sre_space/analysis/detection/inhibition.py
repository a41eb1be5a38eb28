"""Inhibitions: stretches of time in which what detectors find is excused, whatever the excuse comes from.

Used by the baselines (nothing is learnt inside one) and by the alarms: a symptom that begins inside one opens nothing,
or nothing before the end of a hold.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from sre_space.domain.dependencies import Calls, reach

SECOND = 10**9
STILL_OPEN = 2**63 - 1
DATING_NS = 3 * SECOND  # error by which the start of a symptom may be dated too early
AT_ONCE_NS = 5 * SECOND  # after a deployment settled: a symptom so soon after it began with it

Scope = frozenset[str] | None  # the services on which something depends; None for what depends on every one
EVERYTHING: Scope = None


class Source(StrEnum):
    """What an inhibition comes from. An incident covers the actions that are taken in it; a person places a hold."""

    INCIDENT = "incident"
    DEPLOYMENT = "deployment"
    PERSON = "person"


@dataclass(frozen=True)
class Inhibition:
    """A stretch of time [since, until) in Unix ns in which the alarms of `services` open no incident.

    `case` is the key of the incident that it comes from, "" for another source; `hold` is where the hold that it comes
    from is written. `lead` is for how long (ns) before `since` attempts of the journey are excused too: customers may
    show a fault before Scout's first symptom. `confirmed` is False for a deployment that Git has not confirmed yet: it
    only holds incidents back. `done`: the end is known, so that `until` is not merely a deadline.
    """

    since: int
    until: int
    services: frozenset[str]
    source: Source = Source.DEPLOYMENT
    case: str = ""
    lead: int = 0
    confirmed: bool = True
    done: bool = False
    hold: str = ""

    @property
    def is_work(self) -> bool:
        """Return True for work on the services: meanwhile their requests are not evaluated."""
        return self.source is Source.DEPLOYMENT

    @property
    def is_hold(self) -> bool:
        """Return True for a hold: what begins in it is evaluated as ever, and opens an incident when it outlives it."""
        return self.source is Source.PERSON

    def applies_to(self, scope: Scope) -> bool:
        """Return True when it excuses what depends on the services of a scope."""
        return scope is None or bool(self.services & scope)

    def holds(self, at: int) -> bool:
        """Return True when the Unix ns lies inside the inhibition."""
        return self.since <= at < self.until

    def explains(self, since: int) -> bool:
        """Return True for a symptom that began (Unix ns) during the inhibition and belongs to it; a hold has none."""
        return not self.is_hold and self.since - DATING_NS <= since < self.until

    def is_over(self, at: int) -> bool:
        """Return True when it has ended by the Unix ns, and with it what began in it; what began in a hold has not."""
        return not self.is_hold and self.until <= at

    def excuses(self, at: int) -> bool:
        """Return True for an attempt of the journey that began at a Unix ns."""
        return self.since - self.lead <= at < self.until

    def ended(self, at: int) -> "Inhibition":
        """Return the inhibition with its end at a Unix ns, beginning when attempts were excused first."""
        return replace(self, since=self.since - self.lead, until=at, lead=0, done=True)


def applying(inhibitions: Iterable[Inhibition], scope: Scope) -> tuple[Inhibition, ...]:
    """Return the inhibitions that apply to what depends on the services of a scope."""
    return tuple(inhibition for inhibition in inhibitions if inhibition.applies_to(scope))


def inhibitions_of(inhibitions: Iterable[Inhibition], service: str, calls: Calls) -> tuple[Inhibition, ...]:
    """Return the inhibitions that apply to a service: those on itself or on anything that it depends on."""
    return applying(inhibitions, reach(service, calls))
