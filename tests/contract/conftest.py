"""The servers that the contract suites run against; a real one from the environment joins in where there is one."""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support import documents, histories
from support.docker_engine import DockerEngine, NotStarted, docker_engine, missing
from support.servers import RECORD_KEY, TOKENS, Bus, ForgeServer, TelemetryServer, TraceStore, command_of, serving
from support.waiting import free_port

from sre_embedded.servers.forge.identities import write_identities
from sre_embedded.servers.telemetry.tokens import render
from sre_space.state_files import write_private

BUSES = STORES = ("embedded", "oracle")


def answers(url: str) -> bool:
    """Any HTTP answer."""
    try:
        httpx.get(url, timeout=10, trust_env=False)
    except httpx.HTTPError:
        return False
    return True


def bus_answers(address: str) -> bool:
    """Metadata."""
    try:
        AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=10)
    except KafkaException:
        return False
    return True


@pytest.fixture(scope="session")
def shared_bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """Our broker for a whole session, whose tests have topics of their own and do it no harm."""
    yield from embedded_bus(tmp_path_factory.mktemp("bus"))


@pytest.fixture(params=BUSES)
def bus(request: pytest.FixtureRequest) -> Bus:
    """Our broker, which many tests share; and Apache Kafka where KAFKA_ORACLE names one."""
    return bus_named(request.param, request)


@pytest.fixture(params=[*BUSES, *histories.DOUBLES])
def history_of(request: pytest.FixtureRequest) -> histories.HistoryOf:
    """Return what makes a history of given records: on a broker, or in memory as unit tests have them."""
    return histories.DOUBLES.get(request.param) or histories.on(bus_named(request.param, request))


def bus_named(name: str, request: pytest.FixtureRequest) -> Bus:
    """Return our broker or the oracle; skip the test where no oracle is named."""
    if name == "oracle":
        address = os.environ.get("KAFKA_ORACLE")
        if not address:
            pytest.skip("KAFKA_ORACLE names no Apache Kafka (host:port)")
        return Bus(address, None)
    ours: Bus = request.getfixturevalue("shared_bus")
    return ours


def embedded_bus(folder: Path) -> Iterator[Bus]:
    """Our broker."""
    port = free_port()
    environment = {"BUS_PORT": str(port), "SRE_SPACE_STATE": str(folder)}
    address = f"127.0.0.1:{port}"
    with serving(command_of("bus"), environment, lambda: bus_answers(address), folder / "log") as process:
        yield Bus(address, process)


@pytest.fixture
def our_bus(tmp_path: Path) -> Iterator[Bus]:
    """Our broker, for what only its process shows."""
    yield from embedded_bus(tmp_path)


@pytest.fixture(scope="session")
def shared_telemetry(shared_bus: Bus, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TelemetryServer]:
    """Our telemetry server for a whole session, whose tests have services of their own and do it no harm."""
    with our_telemetry(shared_bus, tmp_path_factory.mktemp("telemetry")) as server:
        yield server


@pytest.fixture
def telemetry(our_bus: Bus, tmp_path: Path) -> Iterator[TelemetryServer]:
    """Our telemetry server before our bus; it asks nobody who he is."""
    with our_telemetry(our_bus, tmp_path) as server:
        yield server


@contextmanager
def our_telemetry(bus: Bus, folder: Path, **settings: str) -> Iterator[TelemetryServer]:
    """Our telemetry server before a bus."""
    grpc, http, query = free_port(), free_port(), free_port()
    environment = {
        "SRE_SPACE_STATE": str(folder),
        "OTLP_GRPC_PORT": str(grpc),
        "OTLP_HTTP_PORT": str(http),
        "JAEGER_PORT": str(query),
        "KAFKA_BOOTSTRAP_SERVERS": bus.address,
        **settings,
    }
    url = f"http://127.0.0.1:{query}"
    log = folder / "telemetry.log"
    with serving(command_of("telemetry"), environment, lambda: answers(f"{url}/api/services"), log) as p:
        yield TelemetryServer(f"127.0.0.1:{grpc}", f"http://127.0.0.1:{http}", url, bus.address, p)


@pytest.fixture
def guarded(our_bus: Bus, tmp_path: Path) -> Iterator[TelemetryServer]:
    """Yield our telemetry server, which asks for one of TOKENS and whose records have the key RECORD_KEY."""
    tokens, key = tmp_path / "tokens.json", tmp_path / "records.key"
    write_private(tokens, render({token: [service] for service, token in TOKENS.items()}))
    write_private(key, RECORD_KEY)
    settings = {"TELEMETRY_TOKENS_FILE": str(tokens), "TELEMETRY_RECORD_KEY_FILE": str(key)}
    with our_telemetry(our_bus, tmp_path, **settings) as server:
        yield server


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> TraceStore:
    """Our telemetry server, which many tests share; and Jaeger where JAEGER_ORACLE and JAEGER_ORACLE_OTLP name one."""
    return store_named(request.param, request)


@pytest.fixture(params=[*STORES, *documents.DOUBLES])
def documents_of(request: pytest.FixtureRequest) -> documents.DocumentsOf:
    """Spans in a trace store, or in memory as unit tests have them."""
    return documents.DOUBLES.get(request.param) or documents.on(store_named(request.param, request))


def store_named(name: str, request: pytest.FixtureRequest) -> TraceStore:
    """One of the two; a test without an oracle is skipped."""
    if name == "oracle":
        query, grpc = os.environ.get("JAEGER_ORACLE"), os.environ.get("JAEGER_ORACLE_OTLP")
        if not query or not grpc:
            pytest.skip("JAEGER_ORACLE (query URL) and JAEGER_ORACLE_OTLP (host:port, gRPC) name no Jaeger")
        return TraceStore(grpc, query)
    ours: TelemetryServer = request.getfixturevalue("shared_telemetry")
    return TraceStore(ours.grpc, ours.query)


@pytest.fixture
def forge_server(tmp_path: Path) -> Iterator[ForgeServer]:
    """Our forge, seeded from this checkout."""
    with our_forge(tmp_path) as server:
        yield server


@pytest.fixture(scope="session")
def shared_forge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForgeServer]:
    """Yield our forge for a whole session, whose tests keep out of each other's way and leave `main` as it is."""
    with our_forge(tmp_path_factory.mktemp("forge")) as server:
        yield server


@pytest.fixture(scope="module")
def forge_to_change(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForgeServer]:
    """Yield our forge for a module that changes `main`."""
    with our_forge(tmp_path_factory.mktemp("forge")) as server:
        yield server


@pytest.fixture(params=["validate-config,review", ""])
def forge_that_requires(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[ForgeServer, str]]:
    """Our forge with other required checks, and their names."""
    with our_forge(tmp_path, REQUIRED_CHECKS=request.param) as server:
        yield server, request.param


@contextmanager
def our_forge(folder: Path, **settings: str) -> Iterator[ForgeServer]:
    """Our forge, with its own accounts."""
    port = free_port()
    permissions = {"sre-scout": "write", "operator": "admin", "mallory": "none"}
    identities = write_identities(folder / "forge" / "identities.json", permissions)
    environment = {
        "SRE_SPACE_STATE": str(folder),
        "FORGE_PORT": str(port),
        "FORGE_SEED": str(Path(__file__).resolve().parents[2]),
        **settings,
    }
    url = f"http://127.0.0.1:{port}"
    with serving(command_of("forge"), environment, lambda: answers(f"{url}/mcp"), folder / "log") as p:
        yield ForgeServer(url, {one.login: one for one in identities}, p)


@pytest.fixture(scope="session")
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerEngine]:
    """Yield a real engine for a whole session; skip where none can be started."""
    if reason := missing():
        pytest.skip(f"no Docker engine: {reason}")
    with contextlib.ExitStack() as stack:
        try:
            engine = stack.enter_context(docker_engine(tmp_path_factory.mktemp("docker")))
        except NotStarted as ended:
            pytest.skip(f"no Docker engine: {ended}")
        yield engine
