"""Docker's stream of events as it may arrive: in pieces, too long, broken off, without end."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress

import pytest
from support.engine_stand_in import MINE, container

from sre_space.adapters.docker.engine import MAX_LINE, Engine
from sre_space.adapters.docker.events import DockerEvents
from sre_space.adapters.docker.runtime import DockerReader
from sre_space.codec.docker import SERVICE
from sre_space.domain.errors import Unavailable
from sre_space.ports.runtime import Died, Started

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
RUNNING = container(MINE, "shop-policy-service-1")
LISTED = [{"Id": MINE, "Labels": RUNNING["Config"]["Labels"]}]


def line(action: str, **attributes: str) -> bytes:
    """Return an event as the engine sends it."""
    known = {"name": "shop-policy-service-1", SERVICE: "policy-service"}
    actor = {"ID": MINE, "Attributes": known | attributes}
    return json.dumps({"Action": action, "Actor": actor, "timeNano": 2 * 10**18}).encode() + b"\n"


def chunk(data: bytes) -> bytes:
    """Return a part of an answer."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


@asynccontextmanager
async def engine(script: Script) -> AsyncIterator[DockerEvents]:
    """Serve one running container, and the stream that `script` writes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        path = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1]
        with suppress(ConnectionError):
            if path.startswith(b"/events"):
                writer.write(HEAD)
                await script(writer)
            else:
                body = json.dumps(LISTED if path.startswith(b"/containers/json") else RUNNING).encode()
                writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        address = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield DockerEvents(DockerReader(Engine(address), "shop", {"policy": "policy-service"}))


async def seen(script: Script) -> tuple[list[Started | Died], str]:
    """Return everything that a follower sees, and why its stream ended."""
    found: list[Started | Died] = []
    async with asyncio.timeout(60), engine(script) as stream:
        try:
            async for one in stream.events():
                found += [one]
        except Unavailable as error:
            return found, str(error)
    raise AssertionError("a stream has an error at its end")


async def test_lines_are_put_together_from_whatever_pieces_they_come_in() -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        sent = line("kill", signal="15") + b"\n" + line("die", exitCode="0") + line("start") + line("die", exitCode="1")
        for index in range(0, len(sent), 7):
            writer.write(chunk(sent[index : index + 7]))
            await writer.drain()
        writer.write(chunk(b"")[:-2] + b"\r\n")

    found, why = await seen(script)

    assert [type(one) for one in found] == [Started, Died, Started, Died]
    assert [one.planned for one in found if isinstance(one, Died)] == [True, False]
    assert "has ended" in why


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (b"5\r\nabc", "does not answer"),
        (chunk(b"no event\n"), "sent an event that is none"),
        (chunk(b"[]\n"), "sent an event that is none"),
        (chunk(b'{"Action": "die"}\n'), "sent an event that is none"),
        (chunk(b"[" * 5_000 + b"\n"), "sent an event that is none"),
        (chunk(b"x" * (MAX_LINE + 1)), f"more than {MAX_LINE} bytes"),
    ],
    ids=["broken off", "text", "list", "half", "deep", "long"],
)
async def test_what_is_no_event_ends_the_stream_with_an_error(sent: bytes, why: str) -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(sent)

    found, told = await seen(script)

    assert [type(one) for one in found] == [Started]
    assert why in told


async def test_a_flood_waits_for_its_reader_and_takes_no_memory() -> None:
    sent, part, full = 0, chunk(line("kill", signal="10") * 100), asyncio.Event()

    async def script(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < 2**30:
            writer.write(part)
            sent += len(part)
            full.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(
                    0.5
                ):  # nobody takes any more: what was sent lies in the kernel and one buffer
                    await writer.drain()
                    continue
            full.set()
            await writer.drain()

    async with asyncio.timeout(60), engine(script) as stream, aclosing(stream.events()) as events:
        assert isinstance(await anext(events), Started)
        await full.wait()
        assert sent < 16 * 2**20
