"""Apache Kafka, Jaeger, the Collector, Chroma and PostgreSQL: processes on loopback that a whole space uses.

`KAFKA_LIBS`, `JAEGER` and `OTELCOL` name what is not installed by a package (docs/real-servers.md). The Collector runs
with the configuration of the Compose stack.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from support.live import CHECKOUT
from support.servers import ServerProcess, chroma, serving
from support.waiting import free_port

HOST = "127.0.0.1"
NAMED = {
    "KAFKA_LIBS": "folder with the jars of Apache Kafka",
    "JAEGER": "Jaeger all-in-one",
    "OTELCOL": "OpenTelemetry Collector with the Kafka exporter and the memory limiter",
}
KAFKA = """process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers={host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/kafka
num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
"""
# Every listener of Jaeger; those that are not named would be on all interfaces.
JAEGER_LISTENERS = (
    "collector.grpc-server.host-port", "collector.http-server.host-port", "collector.otlp.http.host-port",
    "collector.zipkin.host-port", "admin.http.host-port", "query.grpc-server.host-port", "http-server.host-port",
    "processor.jaeger-binary.server-host-port", "processor.jaeger-compact.server-host-port",
    "processor.zipkin-compact.server-host-port",
)  # fmt: skip
SERVICES = ("user-service", "policy-service", "quote-service")
HOLD_S, FREE_S = 0.8, 0.15  # as `trigger_chaos.py slow-query` does on SQLite


def missing() -> str:
    """Return what the environment or the machine lacks for these servers; "" when all can be started."""
    unnamed = [f"{variable} names no {what}" for variable, what in NAMED.items() if not os.environ.get(variable)]
    programs = [] if shutil.which("java") else ["java is not installed"]
    databases = [] if _postgresql() else ["PostgreSQL is not installed"]
    return "; ".join((*unnamed, *programs, *databases))


@dataclass(frozen=True)
class RealServers:
    """The running servers: the addresses by the setting that names them, the processes, and the databases' server."""

    settings: dict[str, str]
    kafka: ServerProcess
    jaeger: ServerProcess
    database_port: int

    @property
    def bus(self) -> AdminClient:
        """Return a client that describes topics and groups."""
        return AdminClient({"bootstrap.servers": self.settings["KAFKA_BOOTSTRAP_SERVERS"], "log_level": 0})

    def database(self, service: str) -> str:
        """Return the URL of a service's own database."""
        return f"postgresql+psycopg://insurance@{HOST}:{self.database_port}/{service}"

    @contextmanager
    def locked(self, service: str, table: str) -> Iterator[None]:
        """Hold a lock on a table again and again: writers wait for it, readers do not."""
        ended = threading.Event()
        thread = threading.Thread(target=self._hold, args=(service, table, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _hold(self, service: str, table: str, ended: threading.Event) -> None:
        with psycopg.connect(host=HOST, port=self.database_port, user="insurance", dbname=service) as database:
            while not ended.is_set():
                with database.transaction():
                    database.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
                    ended.wait(HOLD_S)
                ended.wait(FREE_S)


@contextmanager
def real_servers(folder: Path) -> Iterator[RealServers]:
    """Start all of them in `folder`; each ends with the context."""
    with ExitStack() as running:
        bus, kafka = running.enter_context(_kafka(folder))
        query, spans, jaeger = running.enter_context(_jaeger(folder))
        otlp = running.enter_context(_collector(folder, bus, spans))
        index, _ = running.enter_context(chroma(folder))
        database = running.enter_context(_database())
        settings = {
            "KAFKA_BOOTSTRAP_SERVERS": bus, "JAEGER_URL": query, "OTEL_EXPORTER_OTLP_ENDPOINT": otlp,
            "CHROMA_URL": index,
        }  # fmt: skip
        yield RealServers(settings, kafka, jaeger, database)


@contextmanager
def _kafka(folder: Path) -> Iterator[tuple[str, ServerProcess]]:
    port, controller, properties = free_port(), free_port(), folder / "server.properties"
    properties.write_text(KAFKA.format(host=HOST, port=port, controller=controller, folder=folder))
    java = ["java", "-Xmx512m", "-cp", f"{os.environ['KAFKA_LIBS']}/*"]
    storage = [*java, "kafka.tools.StorageTool", "format", "--standalone", "-c", str(properties)]
    subprocess.run([*storage, "-t", "AAAAAAAAAAAAAAAAAAAAAQ"], check=True, capture_output=True)
    address, log = f"{HOST}:{port}", folder / "kafka.log"
    command = [*java, "kafka.Kafka", str(properties)]
    with serving(command, {}, lambda: _bus_answers(address), log) as process:
        yield address, process


def _bus_answers(address: str) -> bool:
    try:
        AdminClient({"bootstrap.servers": address, "log_level": 0}).list_topics(timeout=2)
    except KafkaException:
        return False
    return True


@contextmanager
def _jaeger(folder: Path) -> Iterator[tuple[str, str, ServerProcess]]:
    query, otlp = free_port(), free_port()
    ports = {name: free_port() for name in JAEGER_LISTENERS}
    ports |= {"query.http-server.host-port": query, "collector.otlp.grpc.host-port": otlp}
    command = [os.environ["JAEGER"], *(f"--{name}={HOST}:{port}" for name, port in ports.items())]
    url = f"http://{HOST}:{query}"
    ready = f"{url}/api/services"
    with serving(command, {"SPAN_STORAGE_TYPE": "memory"}, lambda: _http_answers(ready), folder / "jaeger.log") as one:
        yield url, f"{HOST}:{otlp}", one


def _http_answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def _collector(folder: Path, bus: str, jaeger: str) -> Iterator[str]:
    port, config, log = free_port(), folder / "collector.yaml", folder / "collector.log"
    text = (CHECKOUT / "deploy" / "compose" / "collector.yaml").read_text()
    addresses = {
        "0.0.0.0:4317": f"{HOST}:{port}", "0.0.0.0:4318": f"{HOST}:{free_port()}", "kafka:19092": bus,
        "jaeger:4317": jaeger,
    }  # fmt: skip
    for theirs, ours in addresses.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    config.write_text(text)
    command = [os.environ["OTELCOL"], "--config", str(config)]
    with serving(command, {}, lambda: b"Everything is ready" in log.read_bytes(), log):
        yield f"http://{HOST}:{port}"


def _postgresql() -> Path | None:
    """Return the folder of PostgreSQL's programs; None where it is not installed."""
    folders = [*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
    folders += [Path(path).parent for path in [shutil.which("initdb")] if path]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def _database() -> Iterator[int]:
    """Start PostgreSQL with a database for each service; as the user `postgres` for root, whom it refuses."""
    programs, user, port = _postgresql(), "postgres" if os.getuid() == 0 else None, free_port()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="real-servers-"))
    if user is not None:
        os.chown(folder, pwd.getpwnam(user).pw_uid, -1)
    data = str(folder / "data")
    initdb = [str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "insurance", "-N", "-E", "UTF8"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    server = [str(programs / "postgres"), "-D", data, "-h", HOST, "-p", str(port), "-k", str(folder)]
    with subprocess.Popen(server, user=user, cwd=folder, stderr=subprocess.DEVNULL) as process:
        try:
            with _connected(port) as database:
                for service in SERVICES:
                    database.execute(f'CREATE DATABASE "{service}"')
            yield port
        finally:
            process.terminate()
    shutil.rmtree(folder)


def _connected(port: int) -> "psycopg.Connection[tuple[object, ...]]":
    """Return a connection as soon as the server answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(host=HOST, port=port, user="insurance", dbname="postgres", autocommit=True)
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
