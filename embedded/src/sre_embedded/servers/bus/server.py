"""The TCP side of the broker: the requests of each connection are answered in order, as Kafka does."""

import asyncio
import logging
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sre_embedded.listening import HOST
from sre_embedded.servers.bus.calls import NODE, UNSUPPORTED_VERSION, Records
from sre_embedded.servers.bus.codec import ProtocolError, WireReader, array, int16, int32, text
from sre_embedded.servers.bus.group_calls import GroupCalls
from sre_embedded.servers.bus.offsets import Offsets
from sre_embedded.servers.bus.topics import Topics

log = logging.getLogger(__name__)

MAX_REQUEST = 32 * 2**20
API_VERSIONS = 18
NEVER = 99
_HEAD = struct.Struct(">hhi")

Call = Callable[[WireReader, int], Awaitable[bytes | None]]


@dataclass(frozen=True)
class Api:
    """One call: its supported versions, and the first version whose answer begins with a throttle time (always 0)."""

    low: int
    high: int
    throttled: int
    call: Call


class Broker:
    """Answers requests of the fixed list of calls."""

    def __init__(self, folder: Path, port: int, host: str = HOST, same: "Broker | None" = None) -> None:
        """Serve clients that reach it at `host` and `port`, with topics and groups of the `same` broker elsewhere."""
        node = int32(NODE) + text(host) + int32(port)
        if same is None:
            topics = Topics(folder / "topics")
            records, groups = Records(topics, node), GroupCalls(topics, Offsets(folder / "offsets.jsonl"), node)
        else:
            records, groups = replace(same.records, node=node), replace(same.groups, node=node)
        self.records: Records = records
        self.groups: GroupCalls = groups
        self.apis: dict[int, Api] = {
            0: Api(3, 7, NEVER, records.produce),
            1: Api(4, 11, 4, records.fetch),
            2: Api(1, 2, 2, records.list_offsets),
            3: Api(1, 4, 3, records.metadata),
            8: Api(2, 3, 3, groups.commit),
            9: Api(1, 3, 3, groups.fetch_offsets),
            10: Api(0, 1, 1, groups.find_coordinator),
            11: Api(0, 2, 2, groups.join),
            12: Api(0, 1, 1, groups.heartbeat),
            13: Api(0, 1, 1, groups.leave),
            14: Api(0, 1, 1, groups.sync),
            15: Api(0, 1, 1, groups.describe_groups),
            16: Api(0, 1, 1, groups.list_groups),
            API_VERSIONS: Api(0, 2, NEVER, self._api_versions),
            19: Api(2, 4, 2, records.create_topics),
            22: Api(0, 1, 0, records.init_producer_id),
            32: Api(1, 3, 0, records.describe_configs),
        }

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until the client leaves or sends something that is not Kafka's protocol."""
        try:
            while True:
                size = int(struct.unpack(">i", await reader.readexactly(4))[0])
                if not _HEAD.size <= size <= MAX_REQUEST:
                    raise ProtocolError(
                        f"a request of {size} bytes is outside the limits ({_HEAD.size} to {MAX_REQUEST})"
                    )
                answer = await self._answer(await reader.readexactly(size))
                if answer is not None:
                    writer.write(int32(len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client left, or this server stops; every complete request was answered
        except ProtocolError as error:
            log.warning("a connection is closed: %s", error)
        finally:
            writer.close()

    async def _answer(self, request: bytes) -> bytes | None:
        key, version, correlation = _HEAD.unpack_from(request)
        api = self.apis.get(key)
        if api is None or not api.low <= version <= api.high:
            if key == API_VERSIONS:  # the client falls back to what this answer lists (KIP-511)
                return int32(correlation) + self._versions(UNSUPPORTED_VERSION)
            raise ProtocolError(f"call {key} in version {version} is not supported")
        reader = WireReader(request[_HEAD.size :])
        reader.client = reader.text()
        body = await api.call(reader, version)
        throttle = int32(0) if version >= api.throttled else b""
        return None if body is None else int32(correlation) + throttle + body

    async def _api_versions(self, _request: WireReader, version: int) -> bytes:
        return self._versions(0) + (int32(0) if version >= 1 else b"")

    def _versions(self, error: int) -> bytes:
        listed = (int16(key) + int16(api.low) + int16(api.high) for key, api in self.apis.items())
        return int16(error) + array(listed)


@dataclass(frozen=True)
class NetworkListener:
    """A listener for clients that reach the broker as `host`, beside those of this machine."""

    host: str
    listener: socket.socket


async def serve(folder: Path, listener: socket.socket, network: NetworkListener | None = None) -> None:
    """Serve the broker on `listener`, with its state in `folder`, until cancelled; on that of a `network` too."""
    broker = Broker(folder, listener.getsockname()[1])
    async with asyncio.TaskGroup() as group:
        group.create_task(_serve(broker, listener, HOST))
        if network is not None:
            same = Broker(folder, network.listener.getsockname()[1], network.host, broker)
            group.create_task(_serve(same, network.listener, network.host))


async def _serve(broker: Broker, listener: socket.socket, host: str) -> None:
    server = await asyncio.start_server(broker.serve, sock=listener)
    log.info("the bus serves %s:%d", host, listener.getsockname()[1])
    async with server:
        await server.serve_forever()
