"""Listening sockets, and the guard in front of every HTTP listener of the embedded servers."""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Iterator
from typing import Literal
from urllib.parse import urlsplit

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_space.domain.errors import Refused

LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def bind(port: int, variable: str) -> socket.socket:
    """Return a listening socket on 127.0.0.1; `Refused` names the port and the variable that changes it."""
    # With IPPROTO_TCP, because asyncio disables Nagle's algorithm (40 ms an answer) only for such sockets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Refused(f"port {port} is in use; set {variable} to another") from error
        raise
    listener.listen(128)
    return listener


class OnlyLoopback:
    """Middleware that refuses a foreign `Host` or `Origin` header.

    A web page must not reach the servers through a browser (DNS rebinding).
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http" or not (foreign := self._foreign(scope)):
            with contextlib.suppress(ClientDisconnect):  # the client died in mid-request: no answer is needed
                await self.app(scope, receive, send)
            return
        refusal = JSONResponse({"error": f"{foreign} is not allowed: this server answers loopback clients only"}, 403)
        await refusal(scope, receive, send)

    @staticmethod
    def _foreign(scope: Scope) -> str:
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin is not None and _name(origin) not in LOOPBACK:
            return f"the origin {origin!r}"
        return "" if _name(f"//{host}") in LOOPBACK else f"the host {host!r}"


def _name(url: str) -> str | None:
    """Return the host name in a URL; None when there is none or the URL does not parse."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process, because several servers share it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield


async def serve(app: ASGIApp, listener: socket.socket, lifespan: Literal["on", "off"] = "off") -> None:
    """Serve until cancelled; then complete requests in progress for at most a second."""
    config = uvicorn.Config(
        OnlyLoopback(app), access_log=False, log_level="warning", lifespan=lifespan, timeout_graceful_shutdown=1
    )
    server = Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise
