"""The embedded runtime, supervisord over XML-RPC: fulfils `ports.runtime.Runtime`."""

import asyncio
import contextlib
import http.client
import socket
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.parsers.expat import ExpatError

from supervisor.xmlrpc import Faults, SupervisorTransport

from sre_space.adapters.supervisord_units import ALIVE_STATES, unit_of
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.paths import StatePaths
from sre_space.ports.runtime import Unit
from sre_space.ports.server_check import Door

ANSWERS_WITHIN_S = 3.0
STOPS_WITHIN_S = 20.0  # twice the time that supervisord waits before it kills a process
ENDS_WITHIN_S, POLL_EVERY_S = 10.0, 0.05


class _Connection(http.client.HTTPConnection):
    """A connection to a Unix socket with a total time limit, which supervisor's own lacks (a timeout is per read)."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path, self._seconds = path, seconds
        self._cutter = threading.Timer(seconds, self._cut)

    def connect(self) -> None:
        """Connect within the time limit and start the timer that cuts the connection."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)
        self._cutter.start()

    def _cut(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # closed already
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        self._cutter.cancel()
        super().close()


class _Transport(SupervisorTransport):  # type: ignore[misc]  # supervisor has no types
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(None, None, f"unix://{path}")
        self._get_connection = lambda: _Connection(path, seconds)


@dataclass(frozen=True)
class SupervisordRuntime:
    """The runtime behind supervisord's socket (a path); `names` maps each unit to its program in supervisord.

    `state` is the folder in which the launcher and the warden record limits, starts and kills; without it, units have
    neither limit nor restarts, and an end by a signal has no reason.
    """

    socket: str
    names: Mapping[str, str]
    state: StatePaths | None = None

    async def units(self) -> Sequence[Unit]:
        """Return all units in the configuration's order; raise `Unavailable` when supervisord does not answer."""
        return [await self.unit(name) for name in self.names]

    async def unit(self, name: str) -> Unit:
        """Return a unit; raise `Missing` for an unknown name, `Unavailable` when supervisord does not answer."""
        return await asyncio.to_thread(self._unit, name)

    async def restart(self, name: str, expected: str) -> Unit:
        """Restart a unit and return its new state; raise `Refused`, unchanged, if its incarnation is not `expected`."""
        return await asyncio.to_thread(self._restart, name, expected)

    def version(self) -> str:
        """Return the version of supervisord, blocking; raise `Unavailable` when it does not answer."""
        return str(self._call("getSupervisorVersion"))[:20]

    def _restart(self, name: str, expected: str) -> Unit:
        before = self._unit(name)
        if before.incarnation != expected:
            raise Refused(f"the incarnation of {name} is {before.incarnation}, not {expected}; nothing was changed")
        if before.state in ALIVE_STATES:
            self._call("stopProcess", self.names[name])
        self._await_end(name)
        try:
            self._call("startProcess", self.names[name], False)
        except Refused as error:
            if "ALREADY_STARTED" not in str(error):
                raise
        return self._unit(name)

    def _await_end(self, name: str) -> None:
        """Wait until a unit that is being stopped has ended; raise `Unavailable` if it has not in `ENDS_WITHIN_S`."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while self._call("getProcessInfo", self.names[name])["statename"] == "STOPPING":
            if time.monotonic() > deadline:
                raise Unavailable(f"{name} is being stopped and has not ended within {ENDS_WITHIN_S:g} s")
            time.sleep(POLL_EVERY_S)

    def _unit(self, name: str) -> Unit:
        if name not in self.names:
            raise Missing(f"the runtime has no unit {name!r}; the configuration names {', '.join(self.names)}")
        return unit_of(name, self._call("getProcessInfo", self.names[name]), self.state)

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - untyped answers; `_unit` types them
        transport = _Transport(self.socket, STOPS_WITHIN_S if method == "stopProcess" else ANSWERS_WITHIN_S)
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == Faults.BAD_NAME:
                raise Missing(f"supervisord does not know {arguments[0]}") from fault
            raise Refused(
                f"supervisord refused {' '.join(map(str, (method, *arguments)))}: {fault.faultString}"
            ) from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error, ExpatError) as error:
            raise Unavailable(f"supervisord does not answer at {self.socket}: {error}") from error
        finally:
            transport.close()


@dataclass(frozen=True)
class SupervisordDoor:
    """The control socket of supervisord (a path), asked who is there: fulfils `ports.server_check.DoorCheck`."""

    socket: str

    async def ask(self) -> Door:
        """Return supervisord's version: whoever may connect to this socket may also change units."""
        version = await asyncio.to_thread(SupervisordRuntime(self.socket, {}).version)
        return Door(f"supervisord {version} at {self.socket}", True)
