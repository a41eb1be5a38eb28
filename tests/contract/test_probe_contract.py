"""`ports.probe` over HTTP and over the doubles: who answers is told from who does not, and nothing is raised."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import ClassVar

import grpc
import pytest
from support.clinic import Clinic
from support.doubles import ADAPTER
from support.waiting import free_port
from support.world import World

from sre_space.adapters.network_probe import NetworkProbe
from sre_space.domain.health_check import CheckKind, HealthCheck, http
from sre_space.ports.probe import Probe


@dataclass(frozen=True)
class Asked:
    """A probe, and the addresses of a service that is well and of one that is gone."""

    probe: Probe
    well: HealthCheck
    gone: HealthCheck


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    request = b""
    while line := await reader.readline():
        request += line
        if line == b"\r\n":
            break
    path = request.split()[1] if request else b"/hang"
    if path == b"/hang":
        await reader.read()  # until the probe gives up and goes
    else:
        code = b"200 OK" if path == b"/health" else b"503 Service Unavailable"
        writer.write(b"HTTP/1.1 " + code + b"\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.fixture
async def served() -> AsyncIterator[tuple[NetworkProbe, str]]:
    """Yield the adapter, and the address of a server."""
    probe = NetworkProbe.create()
    async with await asyncio.start_server(_answer, "127.0.0.1", 0) as server:
        yield probe, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    await probe.client.aclose()


@pytest.fixture(params=[ADAPTER, "world", "clinic"])
def asked(request: pytest.FixtureRequest, served: tuple[NetworkProbe, str]) -> Asked:
    """Return a probe, the address of a service that is well, and that of one that is gone."""
    match request.param:
        case "world":
            world = World(dead={"policy-service"})
            return Asked(world, http("http://user-service:80/health"), http("http://policy-service:80/health"))
        case "clinic":
            return Asked(Clinic(silent={"tax"}), http("http://web/health"), http("http://tax/health"))
        case _:
            return Asked(served[0], http(f"{served[1]}/health"), http(f"http://127.0.0.1:{free_port()}/health"))


async def test_who_is_well_and_who_is_gone_are_told_apart_in_words_too(asked: Asked) -> None:
    well, gone = await asked.probe.check(asked.well), await asked.probe.check(asked.gone)

    assert (well.healthy, well.answered, gone.healthy, gone.answered) == (True, True, False, False)
    assert well.detail == "GET /health answered 200"
    assert gone.detail.startswith("no connection")
    assert min(well.seconds, gone.seconds) >= 0


async def test_a_sick_and_a_hanging_service_are_told_apart(served: tuple[NetworkProbe, str]) -> None:
    probe, url = served
    found = [await probe.check(http(f"{url}/{path}")) for path in ("sick", "hang")]

    assert [(one.healthy, one.answered) for one in found] == [(False, True), (False, False)]


async def test_another_status_than_2xx_may_be_the_healthy_one(served: tuple[NetworkProbe, str]) -> None:
    probe, url = served
    check = HealthCheck(CheckKind.HTTP, f"{url}/sick", statuses=(200, 503))

    assert (await probe.check(check)).healthy
    assert not (await probe.check(replace(check, statuses=(200,)))).healthy


async def test_a_time_limit_of_its_own_is_obeyed_and_told(served: tuple[NetworkProbe, str]) -> None:
    probe, url = served

    health = await probe.check(HealthCheck(CheckKind.HTTP, f"{url}/hang", timeout_s=0.05))

    assert health.detail == "no answer within 0.05 s"
    assert health.seconds < 0.5


async def test_a_port_that_accepts_is_told_from_one_that_does_not(served: tuple[NetworkProbe, str]) -> None:
    probe, url = served
    port = url.rpartition(":")[2]
    well = await probe.check(HealthCheck(CheckKind.TCP, f"127.0.0.1:{port}"))
    gone = await probe.check(HealthCheck(CheckKind.TCP, f"127.0.0.1:{free_port()}"))

    assert (well.healthy, well.answered, well.detail) == (True, True, f"port {port} accepts connections")
    assert (gone.healthy, gone.answered, gone.detail) == (False, False, "no connection (ConnectionRefusedError)")


class HealthService(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """The standard health service: `web` and the whole server serve, `sick` does not, others are not known."""

    answers: ClassVar = {b"": b"\x08\x01", b"\x0a\x03web": b"\x08\x01", b"\x0a\x04sick": b"\x08\x02"}

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        """Return the handler of the method Check."""
        if details.method == "/grpc.health.v1.Health/Check":
            return grpc.unary_unary_rpc_method_handler(self.check)
        return None

    async def check(self, request: bytes, context: grpc.aio.ServicerContext[bytes, bytes]) -> bytes:
        """Answer for the service that the request names."""
        if request not in self.answers:
            await context.abort(grpc.StatusCode.NOT_FOUND, "unknown")
        return self.answers[request]


async def test_the_standard_health_service_of_grpc_is_asked(served: tuple[NetworkProbe, str]) -> None:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers((HealthService(),))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    names = ("", "web", "sick", "other")
    found = [await served[0].check(HealthCheck(CheckKind.GRPC, address, service=name)) for name in names]
    await server.stop(None)
    gone = await served[0].check(HealthCheck(CheckKind.GRPC, f"127.0.0.1:{free_port()}"))

    assert [(one.healthy, one.answered) for one in found] == [(True, True), (True, True), (False, True), (False, True)]
    assert [one.detail for one in found[1:]] == [
        "the health service answered SERVING",
        "the health service answered NOT SERVING",
        "the health service answered NOT_FOUND",
    ]
    assert (gone.healthy, gone.answered) == (False, False)
