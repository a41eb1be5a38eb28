"""The embedded runtime, supervisord over XML-RPC: fulfils `ports.runtime.Runtime`."""

import asyncio
import contextlib
import http.client
import json
import socket
import threading
import time
import xmlrpc.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from xml.parsers.expat import ExpatError

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

from sre_space.domain.errors import Missing, Refused, Unavailable
from sre_space.ports.runtime import Unit

State = Literal["running", "starting", "stopped", "exited", "fatal", "unknown"]
_STATES: Mapping[str, State] = {
    "RUNNING": "running",
    "STARTING": "starting",
    "BACKOFF": "starting",
    "STOPPED": "stopped",
    "STOPPING": "stopped",
    "EXITED": "exited",
    "FATAL": "fatal",
}
_LIVING = ("running", "starting")
_SIGNALLED = "ended by a signal"
_NEAR_S = 3.0  # between a kill and the end that supervisord tells in whole seconds
ANSWERS_WITHIN_S = 3.0
STOPS_WITHIN_S = 20.0  # twice what it gives a process to end before it kills it
ENDS_WITHIN_S, LOOK_EVERY_S = 10.0, 0.05
_BY_A_SIGNAL = -1  # as supervisord reports it; which one is only in its log


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
        if before.state in _LIVING:
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
        unit = _unit(name, self._call("getProcessInfo", self.names[name]))
        killed = _out_of_memory(self.journal, unit) if unit.detail == _SIGNALLED and self.journal else ""
        return replace(unit, detail=killed) if killed else unit

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


def _unit(name: str, info: Mapping[str, Any]) -> Unit:
    state = _STATES.get(str(info["statename"]), "unknown")
    pid = int(info["pid"]) or None
    ended = state not in _LIVING
    since = int(info["stop"] if ended else info["start"]) * 10**9
    signalled = ended and info["exitstatus"] == _BY_A_SIGNAL
    exit_code = int(info["exitstatus"]) if ended and not signalled else None
    detail = _SIGNALLED if signalled else str(info["spawnerr"])
    return Unit(name, state, _incarnation(info, pid), pid, since, exit_code, detail)


def _incarnation(info: Mapping[str, Any], pid: int | None) -> str:
    """Process id and creation time name a life; an ended one is named by when it began and ended.

    supervisord counts whole seconds, so the creation time comes from the kernel.
    """
    if pid is None:
        return f"ended:{info['start']}:{info['stop']}"
    try:
        return f"{pid}:{psutil.Process(pid).create_time():.2f}"
    except psutil.NoSuchProcess:
        return f"{pid}:gone"


def _out_of_memory(journal: Path, unit: Unit) -> str:
    """What the warden says of the unit's end, "" when it was not the warden's doing."""
    try:
        lines = journal.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        told = _kill(line)
        if told.get("unit") == unit.name and abs(told["time"] - unit.since / 1e9) < _NEAR_S:
            return f"killed: out of memory, {told['rss']} bytes of {told['limit']} allowed"
    return ""


def _kill(line: str) -> Mapping[str, Any]:
    """A line of the warden's journal; nothing, when it is cut off or damaged."""
    try:
        told = json.loads(line)
        numbers = {name: float(told[name]) for name in ("time", "rss", "limit")}
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return {"unit": told.get("unit"), "time": numbers["time"], "rss": told["rss"], "limit": told["limit"]}
