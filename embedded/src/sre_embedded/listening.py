"""Listening sockets, and the guard in front of every HTTP listener of the embedded servers."""

import contextlib
import errno
import socket
from collections.abc import Collection
from typing import Literal
from urllib.parse import urlsplit

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sre_space.domain.errors import Refused
from sre_space.http_server import serve_until_cancelled

HOST = "127.0.0.1"
LOOPBACK = frozenset({HOST, "localhost", "::1"})


def names(text: str) -> frozenset[str]:
    """Return the host names in a text that separates them by commas, and those of loopback."""
    return LOOPBACK | {name.strip().lower() for name in text.split(",") if name.strip()}


def bind(port: int, variable: str, host: str = HOST) -> socket.socket:
    """Return a listening socket on `host`; `Refused` names the port and the variable that changes it."""
    # With IPPROTO_TCP, because asyncio disables Nagle's algorithm (40 ms an answer) only for such sockets.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Refused(f"port {port} is in use; set {variable} to another") from error
        raise
    listener.listen(128)
    return listener


class OnlyAllowedHosts:
    """Middleware that refuses a `Host` or `Origin` header that is not among the `hosts`.

    A web page must not reach the servers through a browser (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str] = LOOPBACK) -> None:
        self.app, self.hosts = app, hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 403."""
        if scope["type"] != "http" or not (foreign := self._foreign(scope)):
            with contextlib.suppress(ClientDisconnect):  # the client died in mid-request: no answer is needed
                await self.app(scope, receive, send)
            return
        whom = "loopback clients only" if self.hosts == LOOPBACK else f"to {', '.join(sorted(self.hosts))}"
        refusal = JSONResponse({"error": f"{foreign} is not allowed: this server answers {whom}"}, 403)
        await refusal(scope, receive, send)

    def _foreign(self, scope: Scope) -> str:
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        origin, host = headers.get("origin"), headers.get("host", "")
        if origin is not None and _name(origin) not in self.hosts:
            return f"the origin {origin!r}"
        return "" if _name(f"//{host}") in self.hosts else f"the host {host!r}"


def _name(url: str) -> str | None:
    """Return the host name in a URL; None when there is none or the URL does not parse."""
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


async def serve(
    app: ASGIApp, listener: socket.socket, lifespan: Literal["on", "off"] = "off", hosts: Collection[str] = LOOPBACK
) -> None:
    """Serve clients that ask for one of `hosts` until cancelled; then complete requests for at most a second."""
    config = uvicorn.Config(
        OnlyAllowedHosts(app, hosts),
        access_log=False,
        log_level="warning",
        lifespan=lifespan,
        timeout_graceful_shutdown=1,
    )
    await serve_until_cancelled(config, listener)
