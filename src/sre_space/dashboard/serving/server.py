"""The listening socket of the dashboard, and the server on it."""

import errno
import socket

import uvicorn
from starlette.types import ASGIApp

from sre_space.domain.errors import Malformed, Refused
from sre_space.http_server import serve_until_cancelled

UNREAD_MS = 30_000  # what a client does not take for so long ends its connection, also in the kernel
MAX_CONNECTIONS = 400


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `Refused` for a port in use, `Malformed` for an address that is not here."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise Refused(f"port {port} is in use; set DASHBOARD_PORT to another") from error
        raise Malformed(f"DASHBOARD_HOST {host}, port {port}: {error.strerror}") from error
    listener.listen(128)
    return listener


async def serve(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until cancelled; then end at once what still streams."""
    config = uvicorn.Config(
        app,
        access_log=False,
        log_level="warning",
        lifespan="off",
        timeout_graceful_shutdown=1,
        limit_concurrency=MAX_CONNECTIONS,
        proxy_headers=False,
        server_header=False,
    )
    await serve_until_cancelled(config, listener)
