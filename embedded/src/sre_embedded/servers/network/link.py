"""A link in front of a service: forwards bytes both ways, each after the link's delay. Run by the network process.

It stands for the network between two machines: callers connect to the link, the link to the service. When the service
refuses or resets a connection, the link resets the caller's connection too.
"""

import asyncio
import logging
import socket
import struct
from dataclasses import dataclass, field

CHUNK = 65_536
IN_FLIGHT = 64  # chunks that one direction of a connection holds before it stops reading
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of zero seconds: closing resets

log = logging.getLogger(__name__)
Flight = asyncio.Queue[tuple[float, bytes]]  # due time of a chunk (the loop's), and its bytes (empty: end of stream)


@dataclass
class Link:
    """The link to the service on `port` of `host`; each chunk takes `delay` seconds, in each direction."""

    service: str
    port: int
    host: str = "127.0.0.1"
    delay: float = 0.0
    connections: set["asyncio.Task[None]"] = field(default_factory=set)

    async def serve(self, listener: socket.socket) -> None:
        """Forward connections until cancelled."""
        server = await asyncio.start_server(self._accept, sock=listener)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in self.connections:
                task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._connect(reader, writer))
        self.connections.add(task)
        task.add_done_callback(self.connections.discard)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            log.info("%s cannot be reached: %s", self.service, error)
            _reset(writer)
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, far_writer))
                group.create_task(self._forward(far_reader, writer))
        except* OSError:
            _reset(writer)
            _reset(far_writer)
        finally:
            writer.close()
            far_writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one direction; the reader stamps chunks and the writer waits, so that a delay costs no throughput."""
        flight: Flight = asyncio.Queue(IN_FLIGHT)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(reader, flight))
            group.create_task(_write(flight, writer))

    async def _read(self, reader: asyncio.StreamReader, flight: Flight) -> None:
        loop = asyncio.get_running_loop()
        while chunk := await reader.read(CHUNK):
            await flight.put((loop.time() + self.delay, chunk))
        await flight.put((loop.time() + self.delay, b""))


async def _write(flight: Flight, writer: asyncio.StreamWriter) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due, chunk = await flight.get()
        if due > loop.time():
            await asyncio.sleep(due - loop.time())
        if not chunk:
            writer.write_eof()
            return
        writer.write(chunk)
        await writer.drain()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    if connection.fileno() >= 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
