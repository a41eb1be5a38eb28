"""Follows holds, the kill switch and the runtime's units, every few seconds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.dashboard.reading.known import Heard
from sre_space.domain.errors import SpaceError
from sre_space.domain.holds import Hold
from sre_space.ports.clock import Clock
from sre_space.ports.holds import Holds
from sre_space.ports.kill_switch import KillSwitch
from sre_space.ports.runtime import RuntimeReader, Unit

EVERY_S = 2.0


@dataclass
class Surroundings:
    """What is held, halted and running; `agents` reads the agents' own units, None where no runtime lists them."""

    holds: Holds
    kill_switch: KillSwitch
    services: RuntimeReader | None
    agents: RuntimeReader | None
    clock: Clock
    why_no_runtime: str = "no runtime is configured"
    held: Sequence[Hold] = ()
    halted: bool | None = None
    units: Mapping[str, Unit] = field(default_factory=dict)
    agent_units: Mapping[str, Unit] = field(default_factory=dict)
    runtime: Heard = Heard()

    async def follow_forever(self) -> None:
        """Look every two seconds; never return."""
        while True:
            await self.look()
            await self.clock.sleep(EVERY_S)

    async def look(self) -> None:
        """Read everything once; what does not answer keeps its last state and says why."""
        self.halted = self.kill_switch.halted()
        try:
            self.held = await self.holds.current()
        except SpaceError:
            now = self.clock.now()
            self.held = [hold for hold in self.held if hold.lasts(now)]  # the record's state says that it is away
        if self.services is None:
            self.runtime = Heard(configured=False, error=self.why_no_runtime)
            return
        try:
            self.units = {unit.name: unit for unit in await self.services.units()}
            self.agent_units = {unit.name: unit for unit in await self.agents.units()} if self.agents else {}
            self.runtime = Heard(self.clock.now())
        except SpaceError as error:
            self.runtime = Heard(self.runtime.at, str(error))
