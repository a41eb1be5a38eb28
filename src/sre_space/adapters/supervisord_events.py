"""The embedded runtime's socket of events, which takes no command: fulfils `ports.runtime.RuntimeEvents`."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sre_space.adapters.supervisord_units import running_incarnation
from sre_space.domain.errors import Unavailable
from sre_space.ports.runtime import UNSEEN, Died, RuntimeEvents, Started

CONNECTS_WITHIN_S = 3.0
MAX_LINE = 2**16
_ENDED = ("EXITED", "BACKOFF", "STOPPED")


@dataclass(frozen=True)
class SupervisordEvents(RuntimeEvents):
    """The stream of a socket (a path); `names` maps units to their programs in supervisord."""

    socket: str
    names: Mapping[str, str]

    async def events(self) -> AsyncGenerator[Started | Died, None]:
        """Iterate over starts and ends, first those of now; raise `Unavailable` when the stream breaks off."""
        async with self._connected() as reader:
            following = _Following({program: unit for unit, program in self.names.items()})
            while line := await self._line(reader):
                happened = following.happened(self._parsed(line))
                if happened is not None:
                    yield happened
        raise Unavailable(f"the stream of events at {self.socket} has ended")

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncio.StreamReader]:
        try:
            async with asyncio.timeout(CONNECTS_WITHIN_S):
                reader, writer = await asyncio.open_unix_connection(self.socket, limit=MAX_LINE)
        except (OSError, TimeoutError) as error:
            raise Unavailable(f"the runtime sends no events at {self.socket}: {error!r}") from error
        try:
            yield reader
        finally:
            writer.transport.abort()

    async def _line(self, reader: asyncio.StreamReader) -> bytes:
        """Return the next line, b"" at the end of the stream."""
        try:
            line = await reader.readline()
        except (OSError, ValueError) as error:
            raise Unavailable(f"the stream of events at {self.socket} broke off: {error}") from error
        return line if line.endswith(b"\n") else b""

    def _parsed(self, line: bytes) -> "_Change":
        try:
            sent: Mapping[str, Any] = json.loads(line)
            code = sent["exit"]
            exited = None if code is None else int(code)
            return _Change(str(sent["name"]), str(sent["statename"]), int(sent["pid"]), int(sent["time"]), exited)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Unavailable(f"the runtime sent an event that is none at {self.socket}: {line[:100]!r}") from error


@dataclass(frozen=True)
class _Change:
    """A line of the stream."""

    program: str
    state: str
    pid: int
    time: int
    exit_code: int | None


@dataclass
class _Following:
    """What one stream has shown so far: the incarnation of each unit that runs; `units` is by program."""

    units: Mapping[str, str]
    _running: dict[str, tuple[int, str]] = field(default_factory=dict)

    def happened(self, change: _Change) -> Started | Died | None:
        """Return the start or end that a change of state is; None for a unit outside of the configuration."""
        unit = self.units.get(change.program)
        if unit is None:
            return None
        if change.state in _ENDED:
            incarnation, planned = self._ended(unit, change.pid), change.state == "STOPPED"
            return Died(unit, incarnation, change.time, change.exit_code, planned)
        if change.state != "RUNNING":
            return None
        incarnation = running_incarnation(change.pid)
        self._running[unit] = (change.pid, incarnation)
        return Started(unit, incarnation, change.time)

    def _ended(self, unit: str, pid: int) -> str:
        known, incarnation = self._running.pop(unit, (0, ""))
        return incarnation if known == pid else f"{pid}{UNSEEN}"
