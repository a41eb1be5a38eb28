"""The links between the services: bytes pass unchanged, late when told to, and who is away is away for the caller."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from sre_embedded.listening import bind
from sre_embedded.servers.network import control
from sre_embedded.servers.network.control import execute
from sre_embedded.servers.network.link import Link

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say back what was said, then hang up."""
    writer.write(await reader.read())
    writer.close()


@asynccontextmanager
async def linked(handler: Handler) -> AsyncIterator[tuple[Link, int]]:
    """Start a service behind a link; yield the link and its port."""
    service = await asyncio.start_server(handler, "127.0.0.1", 0)
    listener = bind(0, "X")
    link = Link("policy-service", service.sockets[0].getsockname()[1])
    serving = asyncio.ensure_future(link.serve(listener))
    try:
        yield link, listener.getsockname()[1]
    finally:
        serving.cancel()
        await asyncio.gather(serving, *link.connections, return_exceptions=True)
        service.close()


async def said_back(port: int, text: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    writer.write_eof()
    answer = await reader.read()
    writer.close()
    return answer


async def test_every_byte_passes_in_order_both_ways() -> None:
    text = os.urandom(3_000_000)

    async def passed() -> bytes:
        async with linked(echo) as (_, port):
            return await said_back(port, text)

    assert await passed() == text


async def test_a_delay_holds_bytes_back_in_each_direction_and_changes_none() -> None:
    async def timed() -> tuple[bytes, float]:
        loop = asyncio.get_running_loop()
        async with linked(echo) as (link, port):
            link.delay = 0.2
            begun = loop.time()
            return await said_back(port, b"hello"), loop.time() - begun

    answer, took = await timed()

    assert answer == b"hello"
    assert took >= 0.4


async def test_a_service_that_is_not_there_resets_the_callers_connection() -> None:
    async def called() -> None:
        async with linked(echo) as (link, port):
            gone = bind(0, "X")
            link.port = gone.getsockname()[1]
            gone.close()
            await said_back(port, b"hello")

    with pytest.raises(ConnectionError):
        await called()


async def test_a_service_that_resets_does_so_to_its_caller() -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.transport.abort()  # with bytes unread: the kernel resets

    async def called() -> bytes:
        async with linked(reset) as (_, port):
            return await said_back(port, b"x" * 1_000_000)

    with suppress(ConnectionError):
        assert await called() == b""


def test_an_order_with_the_secret_is_obeyed_and_no_other() -> None:
    link = Link("policy-service", 1)
    order = {"secret": "s", "link": "policy-service", "delay_ms": 250}

    assert execute(json.dumps(order).encode(), "s", {"policy-service": link}) == ""
    assert link.delay == 0.25
    for wrong, why in (
        ({"secret": "t"}, "the secret is wrong"),
        ({"secret": ""}, "the secret is wrong"),
        ({"link": "bus"}, "there are links to policy-service"),
        ({"delay_ms": -1}, "delay_ms is from 0"),
        ({"delay_ms": "nan"}, "delay_ms is from 0"),
    ):
        assert execute(json.dumps(order | wrong).encode(), "s", {"policy-service": link}).startswith(why)
    for nonsense in (b"", b"[]", b"null", b"{", b'{"secret": "s"}', b"\xff"):
        assert execute(nonsense, "s", {"policy-service": link}).startswith("an order is")
    assert link.delay == 0.25


async def test_orders_come_over_a_socket_of_this_user_alone(tmp_path: Path) -> None:
    path, link = tmp_path / "n.sock", Link("policy-service", 1)

    serving = asyncio.ensure_future(control.serve(path, "s", (link,)))
    while not path.exists():
        await asyncio.sleep(0)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b'{"secret": "s", "link": "policy-service", "delay_ms": 5}\n')
    answer = await reader.readline()
    writer.close()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert json.loads(answer) == {"done": True, "why": ""}
    assert path.stat().st_mode & 0o077 == 0
