"""The runtime's read-only socket: whoever connects is sent the listing of all units, and the connection ends.

Nothing is read from it, so nothing can be asked, and no client holds anything of supervisord: neither a parser nor a
buffer nor a connection. supervisord itself serves it in its own loop, beside its control socket.
"""

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from supervisor.medusa import asyncore_25 as asyncore
from supervisor.rpcinterface import SupervisorNamespaceRPCInterface
from supervisor.xmlrpc import RPCError

FIELDS = ("name", "statename", "pid", "start", "stop", "exitstatus", "spawnerr")
WAITING = 64  # connections that the kernel keeps until it is their turn


class UnitListing(asyncore.dispatcher):  # type: ignore[misc]  # supervisor ships no types
    """Listens on a Unix socket of mode 0600; `supervisord` is the running one, whose units are told."""

    def __init__(self, path: Path, supervisord: Any) -> None:  # noqa: ANN401 - supervisor ships no types
        super().__init__()
        self._told = SupervisorNamespaceRPCInterface(supervisord)
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self.bind(str(path))
        finally:
            os.umask(before)
        self.listen(WAITING)

    def writable(self) -> bool:
        """Return False: it only accepts."""
        return False

    def handle_accept(self) -> None:
        """Send the listing and end the connection; one that does not take it at once has none."""
        with contextlib.suppress(OSError):  # it is gone, or this process may open no more files
            connection, _ = self.socket.accept()
            with connection:
                connection.setblocking(False)
                connection.send(self.listing())

    def listing(self) -> bytes:
        """Return all units as one line of JSON; nothing while supervisord ends."""
        try:
            units: list[Mapping[str, Any]] = self._told.getAllProcessInfo()
        except RPCError:
            return b""
        return json.dumps([{name: unit[name] for name in FIELDS} for unit in units]).encode() + b"\n"
