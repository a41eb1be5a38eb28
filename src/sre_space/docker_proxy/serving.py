"""The HTTP server of a proxy."""

import errno
import socket

import uvicorn

from sre_space.docker_proxy.head import MAX_HEAD
from sre_space.docker_proxy.proxy import DockerProxy
from sre_space.domain.errors import Refused
from sre_space.http_server import serve_until_cancelled

MAX_CONNECTIONS = 64  # further ones get 503


def bind(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `Refused` when its address is in use or not of this machine."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # without Nagle's delay
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(MAX_CONNECTIONS)
    except OSError as error:
        listener.close()
        if error.errno in (errno.EADDRINUSE, errno.EADDRNOTAVAIL):
            raise Refused(f"{host}:{port}: {error.strerror}; set DOCKER_PROXY_LISTEN to another address") from error
        raise
    return listener


async def serve(proxy: DockerProxy, listener: socket.socket) -> None:
    """Serve until cancelled; then complete requests in progress for at most a second.

    h11 parses requests: it is strict, and written in Python. WebSockets are not offered.
    """
    config = uvicorn.Config(
        proxy,
        http="h11",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="error",
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_HEAD,
        timeout_graceful_shutdown=1,
    )
    await serve_until_cancelled(config, listener, proxy.closing.set)
