"""The logs of the embedded space's units, files that supervisord writes: fulfils `ports.unit_output.UnitOutput`."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.domain.errors import Missing, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.unit_output import MAX_OUTPUT, UnitOutput


@dataclass(frozen=True)
class UnitLogs(UnitOutput):
    """The logs in a state folder; `names` maps units to their programs in supervisord."""

    names: Mapping[str, str]
    state: StatePaths

    async def newest(self, name: str) -> bytes:
        """Return the end of a unit's log; raise `Missing` for an unknown unit, `Unavailable` for a log of none."""
        if name not in self.names:
            raise Missing(f"the runtime has no unit {name!r}; the configuration names {', '.join(self.names)}")
        return await asyncio.to_thread(self._end_of, self.names[name])

    def _end_of(self, program: str) -> bytes:
        path = self.state.log(program)
        try:
            with path.open("rb") as file:
                file.seek(max(0, path.stat().st_size - MAX_OUTPUT))
                return file.read(MAX_OUTPUT)
        except OSError as error:
            raise Unavailable(f"the log {path} cannot be read: {error.strerror}") from error
