"""The servers that the contract suites run against; a real one from the environment joins in where there is one."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support.servers import Bus, ForgeServer, TelemetryServer, TraceStore, module, serving
from support.waiting import free_port

from sre_space.embedded.forge.identities import write_identities


def answers(url: str) -> bool:
    """Any HTTP answer."""
    try:
        httpx.get(url, timeout=1, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


def bus_answers(address: str) -> bool:
    """Metadata."""
    try:
        AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=0.5)
    except KafkaException:
        return False
    return True


@pytest.fixture(params=["embedded", "oracle"])
def bus(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bus]:
    """Our broker; and Apache Kafka where KAFKA_ORACLE names one."""
    if request.param == "oracle":
        address = os.environ.get("KAFKA_ORACLE")
        if not address:
            pytest.skip("KAFKA_ORACLE names no Apache Kafka (host:port)")
        yield Bus(address, None)
        return
    yield from embedded_bus(tmp_path)


def embedded_bus(folder: Path) -> Iterator[Bus]:
    """Our broker."""
    port = free_port()
    environment = {"BUS_PORT": str(port), "SRE_SPACE_STATE": str(folder)}
    address = f"127.0.0.1:{port}"
    with serving(
        module("sre_space.bootstrap.bus"), environment, lambda: bus_answers(address), folder / "log"
    ) as process:
        yield Bus(address, process)


@pytest.fixture
def our_bus(tmp_path: Path) -> Iterator[Bus]:
    """Our broker, for what only its process shows."""
    yield from embedded_bus(tmp_path)


@pytest.fixture
def telemetry(our_bus: Bus, tmp_path: Path) -> Iterator[TelemetryServer]:
    """Our telemetry server before our bus."""
    grpc, http, query = free_port(), free_port(), free_port()
    environment = {
        "SRE_SPACE_STATE": str(tmp_path),
        "OTLP_GRPC_PORT": str(grpc),
        "OTLP_HTTP_PORT": str(http),
        "JAEGER_PORT": str(query),
        "KAFKA_BOOTSTRAP_SERVERS": our_bus.address,
    }
    url = f"http://127.0.0.1:{query}"
    log = tmp_path / "telemetry.log"
    with serving(
        module("sre_space.bootstrap.telemetry"), environment, lambda: answers(f"{url}/api/services"), log
    ) as p:
        yield TelemetryServer(f"127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", url, our_bus.address, p)


@pytest.fixture(params=["embedded", "oracle"])
def store(request: pytest.FixtureRequest) -> TraceStore:
    """Our telemetry server; and Jaeger where JAEGER_ORACLE and JAEGER_ORACLE_OTLP name one."""
    if request.param == "oracle":
        query, grpc = os.environ.get("JAEGER_ORACLE"), os.environ.get("JAEGER_ORACLE_OTLP")
        if not query or not grpc:
            pytest.skip("JAEGER_ORACLE (query URL) and JAEGER_ORACLE_OTLP (host:port, gRPC) name no Jaeger")
        return TraceStore(grpc, query)
    ours: TelemetryServer = request.getfixturevalue("telemetry")
    return TraceStore(ours.grpc, ours.query)


@pytest.fixture
def forge_server(tmp_path: Path) -> Iterator[ForgeServer]:
    """Our forge, seeded from this checkout."""
    yield from embedded_forge(tmp_path)


@pytest.fixture(scope="module")
def shared_forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForgeServer]:
    """The same for all tests of a module."""
    yield from embedded_forge(tmp_path_factory.mktemp("forge"))


def embedded_forge(tmp_path: Path) -> Iterator[ForgeServer]:
    """Our forge."""
    port = free_port()
    permissions = {"sre-scout": "write", "operator": "admin", "mallory": "none"}
    identities = write_identities(tmp_path / "forge" / "identities.json", permissions)
    environment = {
        "SRE_SPACE_STATE": str(tmp_path),
        "FORGE_PORT": str(port),
        "FORGE_SEED": str(Path(__file__).resolve().parents[2]),
    }
    url = f"http://127.0.0.1:{port}"
    with serving(
        module("sre_space.bootstrap.forge"), environment, lambda: answers(f"{url}/mcp"), tmp_path / "log"
    ) as p:
        yield ForgeServer(url, {one.login: one for one in identities}, p)
