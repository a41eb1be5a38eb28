"""Announced windows: stretches of time in which a service is worked on, or known to be sick.

Used by the baselines (nothing is learnt inside one) and by the alarms (what begins inside one is not news).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sre_space.domain.dependencies import Calls, reach

SECOND = 10**9
STILL_OPEN = 2**63 - 1
DATING_NS = 3 * SECOND  # by which the start of a symptom may be dated too early
AT_ONCE_NS = 5 * SECOND  # after a deployment had settled: what shows then began with it, since nobody is judged before


@dataclass(frozen=True)
class Inhibition:
    """[since, until) in Unix ns; `case` is the incident it belongs to, "" for a deployment or other planned work.

    `done`: it is known when the work ended, so that `until` is no deadline.
    """

    since: int
    until: int
    services: frozenset[str]
    case: str = ""
    done: bool = False

    def holds(self, at: int) -> bool:
        """True while it lasts."""
        return self.since <= at < self.until

    def explains(self, since: int) -> bool:
        """True for a symptom that began while it lasted."""
        return self.since - DATING_NS <= since < self.until


def touching(windows: Iterable[Inhibition], service: str, calls: Calls) -> tuple[Inhibition, ...]:
    """The windows that excuse a service: those on itself or on anything that it depends on."""
    reached = reach(service, calls)
    return tuple(window for window in windows if window.services & reached)
