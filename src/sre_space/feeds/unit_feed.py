"""Reads the units of the services from the runtime: their memory limits and restarts. Used by Scout's process."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.agents.scout.processes import Processes
from sre_space.agents.unit_state import memory_limits
from sre_space.domain.errors import SpaceError
from sre_space.domain.space_config import Service
from sre_space.ports.clock import Clock
from sre_space.ports.runtime import RuntimeReader, Unit

log = logging.getLogger(__name__)

EVERY_S = 2.0


@dataclass
class UnitFeed:
    """Keeps `processes` up to date with the runtime; `silent` is why it did not answer last, "" when it did."""

    runtime: RuntimeReader
    services: Mapping[str, Service]
    processes: Processes
    clock: Clock
    silent: str = field(default="", init=False)

    async def read_forever(self) -> None:
        """Read the units every two seconds; never return. While the runtime is silent, what it said last stays."""
        while True:
            try:
                self.take(await self.runtime.units())
                self.silent = ""
            except SpaceError as error:
                if not self.silent:
                    log.warning("limits and restarts cannot be read from the runtime: %s", error)
                self.silent = str(error)
            await self.clock.sleep(EVERY_S)

    def take(self, units: Sequence[Unit]) -> None:
        """Take over the limits and restarts of all units."""
        self.processes.memory_limits = memory_limits(self.services, units)
        named = {service.unit: service.name for service in self.services.values()}
        for unit in units:
            if unit.restarts is not None and unit.name in named:
                self.processes.counted(named[unit.name], unit.instance, unit.restarts, unit.since)
