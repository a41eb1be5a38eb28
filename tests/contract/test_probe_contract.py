"""`ports.probe` over HTTP and over the doubles: who answers is told from who does not, and nothing is raised."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from support.clinic import Clinic
from support.doubles import ADAPTER
from support.waiting import free_port
from support.world import World

from sre_space.adapters.http_probe import HttpProbe
from sre_space.ports.probe import Probe


@dataclass(frozen=True)
class Asked:
    """A probe, and the addresses of a service that is well and of one that is gone."""

    probe: Probe
    well: str
    gone: str


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    path = (await reader.readuntil(b"\r\n\r\n")).split()[1]
    if path == b"/hang":
        await reader.read()  # until the probe gives up and goes
    else:
        code = b"200 OK" if path == b"/health" else b"503 Service Unavailable"
        writer.write(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def served() -> AsyncIterator[tuple[HttpProbe, str]]:
    """Yield the adapter, and the address of a server."""
    probe = HttpProbe.create()
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        yield probe, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await probe.client.aclose()


@pytest.fixture(params=[ADAPTER, "world", "clinic"])
def asked(request: pytest.FixtureRequest, served: tuple[HttpProbe, str]) -> Asked:
    """Return a probe, the address of a service that is well, and that of one that is gone."""
    match request.param:
        case "world":
            world = World(dead={"policy-service"})
            return Asked(world, "http://user-service:80/health", "http://policy-service:80/health")
        case "clinic":
            return Asked(Clinic(silent={"tax"}), "http://web/health", "http://tax/health")
        case _:
            return Asked(served[0], f"{served[1]}/health", f"http://127.0.0.1:{free_port()}/health")


async def test_who_is_well_and_who_is_gone_are_told_apart_in_words_too(asked: Asked) -> None:
    well, gone = await asked.probe.check(asked.well), await asked.probe.check(asked.gone)

    assert (well.healthy, well.answered, gone.healthy, gone.answered) == (True, True, False, False)
    assert well.detail == "GET /health answered 200"
    assert gone.detail.startswith("no connection")
    assert min(well.seconds, gone.seconds) >= 0


async def test_a_sick_and_a_hanging_service_are_told_apart(served: tuple[HttpProbe, str]) -> None:
    probe, url = served
    found = [await probe.check(f"{url}/{path}") for path in ("sick", "hang")]

    assert [(one.healthy, one.answered) for one in found] == [(False, True), (False, False)]
