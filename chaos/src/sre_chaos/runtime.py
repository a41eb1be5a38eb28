"""Finds the processes of a space through its supervisord, read-only; standard library only."""

import http.client
import json
import os
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path


class NoTarget(Exception):
    """There is nothing to hit; the message says what to do."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("127.0.0.1", timeout=5)
        self._path = path

    def connect(self) -> None:
        """Connect to the path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(self._path)
        except OSError:
            self.sock.close()
            raise


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: tuple[str, dict[str, str]] | str) -> http.client.HTTPConnection:
        """A connection to the socket, whatever the host; remembered, so that it is closed."""
        connection = _UnixConnection(self._path)
        self._connection = host, connection
        return connection


@dataclass(frozen=True)
class Runtime:
    """The supervisord of one space."""

    path: str

    @classmethod
    def of(cls, state: Path) -> "Runtime":
        """From the record that a running space keeps; `NoTarget` when there is none."""
        try:
            record = json.loads((state / "run" / "space.json").read_text())
            return cls(str(record["socket"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise NoTarget(f"no space runs in {state}; start one with: sre-space up") from error

    def pid(self, service: str) -> int:
        """The process id of a service that lives."""
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1/RPC2", transport=_UnixTransport(self.path)) as proxy:
                info = proxy.supervisor.getProcessInfo(service)
        except xmlrpc.client.Fault as error:
            raise NoTarget(f"the space has no service {service!r}") from error
        except (OSError, http.client.HTTPException) as error:
            raise NoTarget(f"the space does not answer at {self.path}; is it up?") from error
        if not isinstance(info, dict) or not info["pid"]:
            raise NoTarget(f"{service} does not run; there is nothing to kill")
        return int(str(info["pid"]))


def default_state() -> Path:
    """The state folder that `sre-space up` uses when nobody says otherwise."""
    named = os.environ.get("SRE_SPACE_STATE")
    base = os.environ.get("XDG_STATE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"
