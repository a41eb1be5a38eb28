"""Inhibitions: stretches of time in which work on a service is announced, or an incident of it is open.

Used by the baselines (nothing is learnt inside one) and by the alarms (a symptom that begins inside one opens nothing).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sre_space.domain.dependencies import Calls, reach

SECOND = 10**9
STILL_OPEN = 2**63 - 1
DATING_NS = 3 * SECOND  # error by which the start of a symptom may be dated too early
AT_ONCE_NS = 5 * SECOND  # after a deployment settled: a symptom so soon after it began with it


@dataclass(frozen=True)
class Inhibition:
    """A stretch of time [since, until) in Unix ns in which the alarms of `services` open no incident.

    `case` is the incident that it belongs to, "" for a deployment or other planned work.
    `done`: the end of the work is known, so that `until` is not merely a deadline.
    """

    since: int
    until: int
    services: frozenset[str]
    case: str = ""
    done: bool = False

    def holds(self, at: int) -> bool:
        """Return True when the Unix ns lies inside the inhibition."""
        return self.since <= at < self.until

    def explains(self, since: int) -> bool:
        """Return True for a symptom that began (Unix ns) during the inhibition."""
        return self.since - DATING_NS <= since < self.until


def inhibitions_of(windows: Iterable[Inhibition], service: str, calls: Calls) -> tuple[Inhibition, ...]:
    """Return the inhibitions that apply to a service: those on itself or on anything that it depends on."""
    reached = reach(service, calls)
    return tuple(window for window in windows if window.services & reached)
