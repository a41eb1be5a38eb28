"""The client of a space's supervisord, which finds and starts processes: fulfils `ports.Runtime`."""

import http.client
import os
import signal
import socket
import time
import xmlrpc.client
from dataclasses import dataclass
from typing import Any

from sre_chaos.errors import NoTarget, Unreachable

SEEN_WITHIN_S = 5.0
LOOK_EVERY_S = 0.01


class _UnixConnection(http.client.HTTPConnection):
    """An HTTP connection over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("127.0.0.1", timeout=5)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
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
        """Return a connection to the socket, whatever the host; it is kept, so that it is closed."""
        connection = _UnixConnection(self._path)
        self._connection = host, connection
        return connection


@dataclass(frozen=True)
class Supervisord:
    """The supervisord of one space, at the path of its socket."""

    path: str

    def living(self, unit: str) -> int:
        """Return the process id of a unit, 0 when it does not run."""
        info = self._call("getProcessInfo", unit)
        return int(str(info["pid"])) if isinstance(info, dict) else 0

    def kill(self, unit: str) -> int:
        """Send SIGKILL; return when supervisord has noticed the exit, so that a recovery finds the service down."""
        pid = self._signal(unit, signal.SIGKILL)
        deadline = time.monotonic() + SEEN_WITHIN_S
        while self.living(unit) == pid and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_S)
        return pid

    def freeze(self, unit: str) -> int:
        """Send SIGSTOP: the process is alive and its port open, but it does not answer."""
        return self._signal(unit, signal.SIGSTOP)

    def thaw(self, unit: str, pid: int) -> None:
        """Send SIGCONT to the stopped process; one that was restarted meanwhile runs anyway."""
        if self.living(unit) == pid:
            os.kill(pid, signal.SIGCONT)

    def reload(self, unit: str) -> None:
        """Send SIGHUP."""
        self._signal(unit, signal.SIGHUP)

    def start(self, unit: str) -> None:
        """Start a unit that is down."""
        if not self.living(unit):
            self._call("startProcess", unit, False)

    def _signal(self, unit: str, number: signal.Signals) -> int:
        """Send a signal to a running unit; return its process id, raise `NoTarget` when it does not run."""
        pid = self.living(unit)
        if not pid:
            raise NoTarget(f"{unit} does not run; there is nothing to hit")
        os.kill(pid, number)
        return pid

    def _call(self, method: str, unit: str, *more: object) -> Any:  # noqa: ANN401 - XML-RPC is untyped; callers type it
        try:
            with xmlrpc.client.ServerProxy("http://127.0.0.1/RPC2", transport=_UnixTransport(self.path)) as proxy:
                return getattr(proxy.supervisor, method)(unit, *more)
        except xmlrpc.client.Fault as error:
            raise NoTarget(f"the space has no service {unit!r}") from error
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"the space does not answer at {self.path}; is it up?") from error
