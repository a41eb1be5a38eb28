"""Calls to the supervisord of a running space."""

import contextlib
import http.client
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from sre_space.domain.errors import Refused, Unavailable


@dataclass(frozen=True)
class UnitState:
    """A process as supervisord reports it: `state` as RUNNING, EXITED and the like, `since` in Unix seconds."""

    name: str
    state: str
    pid: int
    since: int


def start(socket: str, name: str) -> None:
    """Start a unit, unless it is running already; raise `Refused` when supervisord cannot start it."""
    try:
        call(socket, "startProcess", name, False)
    except Refused as error:
        if "ALREADY_STARTED" not in str(error):
            raise


def units(socket: str) -> Sequence[UnitState]:
    """Return all processes by name; raise `Unavailable` when supervisord does not answer."""
    rows: Sequence[Mapping[str, Any]] = call(socket, "getAllProcessInfo")
    states = [
        UnitState(str(row["name"]), str(row["statename"]), int(row["pid"]), int(row["start"] if row["pid"] else 0))
        for row in rows
    ]
    return sorted(states, key=lambda unit: unit.name)


def call(socket: str, method: str, *arguments: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped; callers type it
    """Return supervisord's answer to a call; raise `Refused` for a fault, `Unavailable` without an answer."""
    with _proxy(socket) as proxy:
        try:
            return getattr(proxy.supervisor, method)(*arguments)
        except xmlrpc.client.Fault as fault:
            raise Refused(f"supervisord refused {method} {arguments}: {fault.faultString}") from fault
        except (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError) as error:
            raise Unavailable(f"supervisord does not answer at {socket}: {error}") from error


@contextlib.contextmanager
def _proxy(socket: str) -> Iterator[xmlrpc.client.ServerProxy]:
    transport = SupervisorTransport(None, None, f"unix://{socket}")
    try:
        yield xmlrpc.client.ServerProxy("http://127.0.0.1", transport=transport)
    finally:
        transport.close()
