"""The runtime of a configuration in which some services, or all, have none: fulfils `ports.runtime`."""

import asyncio
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass

from sre_space.domain.errors import Missing, Refused
from sre_space.ports.runtime import Died, MemoryLimiter, Runtime, RuntimeEvents, RuntimeReader, Started, Unit
from sre_space.ports.unit_output import UnitOutput


@dataclass(frozen=True)
class PartialReader(RuntimeReader):
    """A reader whose units are those of `runtime` (None: there is none) and, in an unknown state, those `without`."""

    runtime: RuntimeReader | None
    without: Collection[str]

    async def units(self) -> Sequence[Unit]:
        """Return all units."""
        running = await self.runtime.units() if self.runtime else ()
        return [*running, *map(_unknown, self.without)]

    async def unit(self, name: str) -> Unit:
        """Return one unit; raise `Missing` where neither knows it."""
        if name in self.without:
            return _unknown(name)
        if self.runtime is None:
            raise Missing(f"{name} is not known: no service of the configuration has a runtime")
        return await self.runtime.unit(name)


@dataclass(frozen=True)
class PartialRuntime(PartialReader, Runtime, MemoryLimiter):
    """The same, and the units of `runtime` can be restarted."""

    runtime: Runtime | None

    async def restart(self, name: str, expected: str) -> Unit:
        """Restart a unit of the runtime; raise `Refused` for one without."""
        if self.runtime is None or name in self.without:
            raise Refused(f"{name} has no runtime here; restart it where it runs")
        return await self.runtime.restart(name, expected)

    async def limit_memory(self, name: str, limit: int) -> Sequence[Unit]:
        """Limit the memory of a unit, where the runtime sets limits; change nothing elsewhere."""
        runtime: object = self.runtime
        if isinstance(runtime, MemoryLimiter) and name not in self.without:
            return await runtime.limit_memory(name, limit)
        return ()


class NoEvents(RuntimeEvents):
    """The events of a runtime that sends none."""

    async def events(self) -> AsyncGenerator[Started | Died, None]:
        """Wait without end: nothing happens."""
        await asyncio.Event().wait()
        yield Started("", "", 0)  # never reached; it makes this an iterator


class NoOutput(UnitOutput):
    """The output of units that nothing known here runs."""

    async def newest(self, name: str) -> bytes:
        """Raise `Missing`."""
        raise Missing(f"{name} has no runtime here, so what it wrote is not known")


def _unknown(name: str) -> Unit:
    return Unit(name, "unknown", "none", None, 0, None, "it has no runtime here")
