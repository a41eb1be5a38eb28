"""Gives Scout's detectors the holds that last now. Used by Scout's process."""

import logging
from dataclasses import dataclass

from sre_space.agents.scout.detectors import Detectors
from sre_space.analysis.detection.inhibition import Inhibition, Source
from sre_space.domain.errors import SpaceError
from sre_space.domain.holds import ALL, Hold
from sre_space.ports.clock import Clock
from sre_space.ports.holds import Holds

log = logging.getLogger(__name__)

EVERY_S = 5.0


@dataclass(frozen=True)
class HoldFeed:
    """Reads the holds every few seconds, and anew before an incident is opened."""

    holds: Holds
    detectors: Detectors
    clock: Clock

    async def read(self, *, fresh: bool = False) -> bool:
        """Give the detectors the holds that last now; return False when the forge does not answer: they keep theirs."""
        try:
            current = await self.holds.current(fresh=fresh)
        except SpaceError as error:
            log.warning("the holds cannot be read: %s", error)
            return False
        lasting = [self._inhibition(hold) for hold in current]
        self.detectors.take_holds(lasting, self.clock.pauses().all[0].until, self.clock.now())
        return True

    def _inhibition(self, hold: Hold) -> Inhibition:
        services = frozenset(self.detectors.calls) if ALL in hold.services else hold.services
        return Inhibition(hold.since, hold.until, services, Source.PERSON, hold=hold.source)

    async def read_forever(self) -> None:
        """Read them every few seconds; never return."""
        while True:
            await self.read()
            await self.clock.sleep(EVERY_S)
