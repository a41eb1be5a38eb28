"""The embedded runtime's read-only socket, which accepts no commands: fulfils `ports.runtime.RuntimeReader`."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sre_space.adapters.supervisord_units import unit_of
from sre_space.domain.errors import Missing, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.runtime import Unit

ANSWERS_WITHIN_S = 3.0
MAX_BYTES = 2**20
_FIELD_TYPES = {
    "name": str,
    "statename": str,
    "pid": int,
    "start": int,
    "stop": int,
    "exitstatus": int,
    "spawnerr": str,
}


@dataclass(frozen=True)
class SupervisordReader:
    """The reader of a read-only socket (a path); `names` maps units to programs, `state` is as in `supervisord.py`."""

    socket: str
    names: Mapping[str, str]
    state: StatePaths | None = None

    async def units(self) -> Sequence[Unit]:
        """Return all units in the configuration's order; raise `Missing` for a unit that supervisord does not know."""
        listed = await self._listed()
        return [self._unit(name, listed) for name in self.names]

    async def unit(self, name: str) -> Unit:
        """Return a unit; raise `Missing` for an unknown name, `Unavailable` when the socket does not answer."""
        if name not in self.names:
            raise Missing(f"the runtime has no unit {name!r}; the configuration names {', '.join(self.names)}")
        return self._unit(name, await self._listed())

    def _unit(self, name: str, listed: Mapping[str, Mapping[str, Any]]) -> Unit:
        if self.names[name] not in listed:
            raise Missing(f"supervisord does not know {self.names[name]}")
        return unit_of(name, listed[self.names[name]], self.state)

    async def _listed(self) -> Mapping[str, Mapping[str, Any]]:
        """Return supervisord's entry of each program, by its name; raise `Unavailable` without a valid answer."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                answer = await self._answer()
        except TimeoutError as error:
            raise Unavailable(f"no listing at {self.socket} within {ANSWERS_WITHIN_S:g} s") from error
        except OSError as error:
            raise Unavailable(f"the runtime does not answer at {self.socket}: {error}") from error
        return self._parsed(answer)

    async def _answer(self) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self.socket, limit=MAX_BYTES)
        try:
            return await reader.readline()
        except ValueError as error:  # longer than the limit
            raise Unavailable(f"the listing at {self.socket} is longer than {MAX_BYTES} bytes") from error
        finally:
            writer.transport.abort()

    def _parsed(self, answer: bytes) -> Mapping[str, Mapping[str, Any]]:
        try:
            listed = json.loads(answer)
            if not isinstance(listed, list):
                raise TypeError("a list is expected")
            return {str(info["name"]): _entry(info) for info in listed}
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise Unavailable(f"the answer at {self.socket} is not a listing of units") from error


def _entry(info: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an entry of the listing; raise `KeyError` or `TypeError` when it has another shape."""
    if not all(isinstance(info[name], kind) for name, kind in _FIELD_TYPES.items()):
        raise TypeError("an entry of another shape")
    return info
