"""The units whose services people hold, so that nobody is called for their crash loops. Used by each agent."""

import logging
from collections.abc import Collection
from dataclasses import dataclass

from sre_space.domain.errors import SpaceError
from sre_space.domain.holds import held
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.clock import Clock
from sre_space.ports.holds import Holds

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class HeldUnits:
    """Asks for the holds that last now."""

    holds: Holds
    config: SpaceConfig
    clock: Clock

    async def read(self) -> Collection[str]:
        """Return the units of the services that are held; none while the forge does not say so."""
        try:
            holds = await self.holds.current()
        except SpaceError as error:
            log.warning("which services are held cannot be read: %s", error)
            return ()
        now, services = self.clock.now(), self.config.services.values()
        return {service.unit for service in services if held(holds, {service.name}, now)}
