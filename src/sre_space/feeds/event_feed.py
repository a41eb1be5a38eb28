"""Follows the runtime's starts and ends, anew whenever they break off. Used by the processes of Scout and Brain."""

import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Protocol

from sre_space.domain.errors import SpaceError
from sre_space.ports.clock import Clock
from sre_space.ports.runtime import Died, RuntimeEvents, Started

log = logging.getLogger(__name__)

FIRST_PAUSE_S, MAX_PAUSE_S = 0.25, 10.0


class Follower(Protocol):
    """Who takes the events."""

    def subscribed(self) -> None:
        """Take note that the events begin anew, with what runs already."""
        ...

    def take(self, event: Started | Died) -> None:
        """Take over an event."""
        ...


@dataclass
class EventFeed:
    """Gives the events to a follower; `silent` is why none are heard, "" while they are."""

    events: RuntimeEvents
    follower: Follower
    clock: Clock
    silent: str = field(default="", init=False)

    async def follow_forever(self) -> None:
        """Follow the events, and subscribe anew after a pause, which grows while nothing is heard; never return."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                async with aclosing(self.events.events()) as events:
                    self.follower.subscribed()
                    async for event in events:
                        self._heard()
                        pause_s = FIRST_PAUSE_S
                        self.follower.take(event)
            except SpaceError as error:
                if not self.silent:
                    log.warning("ends of units are found by probes alone: %s", error)
                self.silent = str(error)
            await self.clock.sleep(pause_s)
            pause_s = min(MAX_PAUSE_S, 2 * pause_s)

    def _heard(self) -> None:
        if self.silent:
            log.info("the runtime says again what starts and ends")
        self.silent = ""
