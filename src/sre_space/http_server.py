"""An HTTP server that shares its process: it leaves signals alone, and ends when its task is cancelled."""

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterator

import uvicorn


class _Server(uvicorn.Server):
    """A server that leaves signals to the process, because several share it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture no signals."""
        yield


async def serve_until_cancelled(
    config: uvicorn.Config, listener: socket.socket, on_end: Callable[[], None] = lambda: None
) -> None:
    """Serve until cancelled; then call `on_end`, and complete requests for as long as the configuration says."""
    server = _Server(config)
    serving = asyncio.ensure_future(server.serve(sockets=[listener]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        on_end()
        server.should_exit = True
        await serving
        raise
