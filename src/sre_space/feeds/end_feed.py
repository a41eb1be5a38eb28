"""Takes the ends of units from the runtime as they happen: the service is out at once. Used by Scout's process.

A missed event is caught by the probes, so whatever is doubtful is left to them: a planned stop, an old event, and the
end of one instance while others run.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.unit_state import end_in_words
from sre_space.domain.space_config import Service
from sre_space.feeds.event_feed import Follower
from sre_space.ports.clock import Clock
from sre_space.ports.runtime import UNSEEN, Died, Started

log = logging.getLogger(__name__)

MAX_AGE_NS = 5 * 10**9  # of an event: the probes know more by then


@dataclass
class EndFeed(Follower):
    """Takes over the runtime's events (`EventFeed`); `ended` is called after a service was taken to be out.

    `running` has the incarnation of each instance that runs, by unit.
    """

    services: Mapping[str, Service]
    board: Mapping[str, ServiceHealth]
    clock: Clock
    ended: Callable[[], object]
    running: dict[str, dict[str, str]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Find each unit's service."""
        self._service_of = {one.unit: name for name, one in self.services.items() if one.has_runtime}

    def subscribed(self) -> None:
        """Forget what ran: the events begin with what runs now."""
        self.running.clear()

    def take(self, event: Started | Died) -> None:
        """Take over a start, or an end, which may mean that the service is out."""
        service = self._service_of.get(event.unit)
        if service is None:
            return
        instances = self.running.setdefault(event.unit, {})
        if isinstance(event, Started):
            instances[event.instance] = event.incarnation
            return
        known = instances.get(event.instance, event.incarnation)
        if known != event.incarnation and not event.incarnation.endswith(UNSEEN):
            return  # another one runs since
        instances.pop(event.instance, None)
        if not instances and self._counts(event):
            self._end(self.board[service], event)

    def _end(self, health: ServiceHealth, event: Died) -> None:
        """Take the service to be out; say so once for each outage, however often its process ends in it."""
        known = health.firing
        health.end(min(event.time, self.clock.now()), end_in_words(event))
        if not known:
            log.warning("%s: %s", event.unit, end_in_words(event))
            self.ended()

    def _counts(self, event: Died) -> bool:
        """Return True for an end that nobody asked for, which is new, and was not before a pause of this process."""
        is_old = self.clock.now() - event.time > MAX_AGE_NS or self.clock.pauses().after(event.time)
        return not event.planned and not is_old
