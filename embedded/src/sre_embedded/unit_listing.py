"""The runtime's read-only socket: every connection gets the listing of all units, and is closed.

Nothing is read from the connection, so there is no request to parse, and no client occupies a buffer or a connection of
supervisord. supervisord itself serves the socket in its own loop, beside its control socket.
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
BACKLOG = 64  # connections that wait in the kernel


class UnitListing(asyncore.dispatcher):  # type: ignore[misc]  # supervisor ships no types
    """Listens on a Unix socket of mode 0600; `supervisord` is the running instance whose units are listed."""

    def __init__(self, path: Path, supervisord: Any) -> None:  # noqa: ANN401 - supervisor ships no types
        super().__init__()
        self._rpc = SupervisorNamespaceRPCInterface(supervisord)
        self.create_socket(socket.AF_UNIX, socket.SOCK_STREAM)
        path.unlink(missing_ok=True)
        before = os.umask(0o177)
        try:
            self.bind(str(path))
        finally:
            os.umask(before)
        self.listen(BACKLOG)

    def writable(self) -> bool:
        """Return False: the socket only accepts connections."""
        return False

    def handle_accept(self) -> None:
        """Send the listing and close the connection; a client that cannot receive it at once gets none."""
        with contextlib.suppress(OSError):  # the client is gone, or this process may open no more files
            connection, _ = self.socket.accept()
            with connection:
                connection.setblocking(False)
                connection.send(self.listing())

    def listing(self) -> bytes:
        """Return all units as one line of JSON; nothing while supervisord shuts down."""
        try:
            units: list[Mapping[str, Any]] = self._rpc.getAllProcessInfo()
        except RPCError:
            return b""
        return json.dumps([{name: unit[name] for name in FIELDS} for unit in units]).encode() + b"\n"
