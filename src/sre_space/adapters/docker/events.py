"""The events of a Compose project's containers: fulfils `ports.runtime.RuntimeEvents`.

The engine buffers events for a slow reader, and drops what exceeds its buffer without saying so.
"""

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from sre_space.adapters.docker.engine import lines
from sre_space.adapters.docker.runtime import DockerReader
from sre_space.codec.docker import SHORT, events_query
from sre_space.codec.docker_events import Event, Lives, event_of
from sre_space.domain.errors import Missing, Unavailable
from sre_space.ports.runtime import UNSEEN, Died, RuntimeEvents, Started, Unit


@dataclass(frozen=True)
class DockerEvents(RuntimeEvents):
    """The stream of the events of the units that `reader` reads."""

    reader: DockerReader

    async def events(self) -> AsyncGenerator[Started | Died, None]:
        """Iterate over starts and ends, first those of now; raise `Unavailable` when the stream breaks off."""
        engine = self.reader.engine
        async with engine.stream("/events", events_query(self.reader.project)) as parts:
            following = _Following(self.reader)
            for started in await following.present():
                yield started
            async with aclosing(lines(parts)) as arriving:
                async for line in arriving:
                    happened = await following.happened(_parsed(line, engine.address))
                    if happened is not None:
                        yield happened
        raise Unavailable(f"the stream of events of Docker at {engine.address} has ended")


@dataclass
class _Following:
    """What one stream has shown so far."""

    reader: DockerReader
    _lives: Lives = field(default_factory=Lives)

    async def present(self) -> list[Started]:
        """Return a start of each container that runs now."""
        begun = [self._began(unit, id) for unit, id in await self.reader.containers()]
        return [one for one in begun if one]

    async def happened(self, event: Event) -> Started | Died | None:
        """Return the start or end that an event is; None for one that only explains a later end."""
        unit = next((name for name, service in self.reader.names.items() if service == event.service), None)
        if unit is None:
            return None
        match event.action:
            case "kill":
                self._lives.signalled(event)
            case "oom":
                self._lives.ran_out_of_memory(event)
            case "die":
                return self._lives.died(event, unit)
            case "start":
                return await self._started(event, unit)
        return None

    async def _started(self, event: Event, name: str) -> Started | None:
        """Return a start with its incarnation, which only the container says; None for one that was said before."""
        unseen = Started(name, f"{event.id[:SHORT]}{UNSEEN}", event.time, event.name)
        try:
            unit = await self.reader.container(name, event.id)
        except Missing:
            return unseen
        seen = unit.state == "running" and unit.since <= event.time  # otherwise it has ended, or started again
        return self._began(unit, event.id) if seen else unseen

    def _began(self, unit: Unit, id: str) -> Started | None:
        """Return the start of a container; None when it does not run, or runs as was said before."""
        if unit.state != "running" or not self._lives.began(id, unit.incarnation, unit.since):
            return None
        return Started(unit.name, unit.incarnation, unit.since, unit.instance)


def _parsed(line: bytes, address: str) -> Event:
    try:
        return event_of(json.loads(line))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unavailable(f"Docker at {address} sent an event that is none: {line[:100]!r}") from error
