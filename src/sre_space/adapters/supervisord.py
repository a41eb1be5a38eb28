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
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

from supervisor.xmlrpc import Faults, SupervisorTransport

from sre_space.adapters.supervisord_units import LIVING, unit_of
from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.ports.runtime import Unit

ANSWERS_WITHIN_S = 3.0
STOPS_WITHIN_S = 20.0  # twice what it gives a process to end before it kills it
ENDS_WITHIN_S, LOOK_EVERY_S = 10.0, 0.05


class _Connection(http.client.HTTPConnection):
    """To a Unix socket, cut after a time: supervisor's own has no limit, and a socket's limit is for each read."""

    def __init__(self, path: str, seconds: float) -> None:
        super().__init__("localhost", timeout=seconds)
        self._path, self._seconds = path, seconds
        self._cutter = threading.Timer(seconds, self._cut)

    def connect(self) -> None:
        """Connect within the limit, and begin to count."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(self._path)
        self._cutter.start()

    def _cut(self) -> None:
        with contextlib.suppress(OSError, AttributeError):  # closed already
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it; safe to call twice."""
        self._cutter.cancel()
        super().close()


class _Transport(SupervisorTransport):  # type: ignore[misc]  # supervisor has no types
    def __init__(self, path: str, seconds: float) -> None:
        super().__init__(None, None, f"unix://{path}")
        self._get_connection = lambda: _Connection(path, seconds)


@dataclass(frozen=True)
class SupervisordRuntime:
    """`socket`: path of supervisord's socket; `names`: each unit and its program there.

    `journal` is where the warden writes whom it killed for its memory; without it an end by a signal has no reason.
    """

    socket: str
    names: Mapping[str, str]
    journal: Path | None = None

    async def units(self) -> Sequence[Unit]:
        """All units, in the chart's order."""
        return [await self.unit(name) for name in self.names]

    async def unit(self, name: str) -> Unit:
        """One unit."""
        return await asyncio.to_thread(self._unit, name)

    async def restart(self, name: str, expected: str) -> Unit:
        """Stop what lives and start it; nothing happens when the life is not the expected one."""
        return await asyncio.to_thread(self._restart, name, expected)

    def _restart(self, name: str, expected: str) -> Unit:
        before = self._unit(name)
        if before.incarnation != expected:
            raise Refused(f"{name} lives as {before.incarnation}, not as {expected}; nothing was changed")
        if before.state in LIVING:
            self._call("stopProcess", self.names[name])
        self._await_end(name)
        try:
            self._call("startProcess", self.names[name], False)
        except Refused as error:
            if "ALREADY_STARTED" not in str(error):
                raise
        return self._unit(name)

    def _await_end(self, name: str) -> None:
        """One that is still being stopped, on the order of a Fixer that was killed, cannot be started yet."""
        deadline = time.monotonic() + ENDS_WITHIN_S
        while self._call("getProcessInfo", self.names[name])["statename"] == "STOPPING":
            if time.monotonic() > deadline:
                raise Unavailable(f"{name} is being stopped, and has not ended within {ENDS_WITHIN_S:g} s")
            time.sleep(LOOK_EVERY_S)

    def _unit(self, name: str) -> Unit:
        if name not in self.names:
            raise Missing(f"the runtime has no unit {name!r}; the chart names {', '.join(self.names)}")
        return unit_of(name, self._call("getProcessInfo", self.names[name]), self.journal)

    def _call(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - untyped answers; `_unit` types them
        transport = _Transport(self.socket, STOPS_WITHIN_S if method == "stopProcess" else ANSWERS_WITHIN_S)
        proxy = xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            if fault.faultCode == Faults.BAD_NAME:
                raise Missing(f"supervisord does not know {arguments[0]}") from fault
            raise Refused(f"supervisord refused {method} {arguments[0]}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.Error, ExpatError) as error:
            raise Unavailable(f"supervisord does not answer at {self.socket}: {error}") from error
        finally:
            transport.close()
