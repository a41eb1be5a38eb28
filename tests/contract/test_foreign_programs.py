"""Programs of other people against our servers: Kafka's command-line tools, the OpenTelemetry Collector, telemetrygen.

Each runs where the environment names it (docs/real-servers.md says how to get it) and is skipped otherwise.
"""

import asyncio
import os
import secrets
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import time_ns

import httpx
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from support.servers import Bus, TelemetryServer, serving
from support.spans import any_value, attributes, new_span, resource_spans, send
from support.waiting import free_port, until

from sre_space.adapters.kafka import KafkaHistory
from sre_space.codec.otlp import spans_of

TOOLS = "org.apache.kafka.tools."
COLLECTOR = """
receivers: {{otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{port}"}}}}}}}}
exporters:
  kafka:
    brokers: ["{bus}"]
    producer: {{compression: {compression}}}
    traces: {{topic: collector_spans, encoding: otlp_proto}}
    logs: {{topic: collector_logs, encoding: otlp_proto}}
    metrics: {{topic: collector_metrics, encoding: otlp_proto}}
  otlp_grpc: {{endpoint: "{grpc}", tls: {{insecure: true}}, compression: gzip}}
  otlp_http: {{endpoint: "{http}", compression: gzip}}
service:
  telemetry: {{metrics: {{level: none}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [kafka, {exporter}]}}
    logs: {{receivers: [otlp], exporters: [kafka, {exporter}]}}
    metrics: {{receivers: [otlp], exporters: [kafka, {exporter}]}}
"""


def program(variable: str, what: str) -> str:
    """Return a path from the environment; skip the test where none is named."""
    path = os.environ.get(variable)
    if not path:
        pytest.skip(f"{variable} names no {what}")
    return path


def values(bus: str, topic: str) -> list[bytes]:
    """Return the values of all records of a topic, sorted: partitions keep no common order."""
    records = asyncio.run(KafkaHistory(bus).window(topic, 0, time_ns() + 10**9))
    return sorted(record.value for record in records)


class KafkaTools:
    """Kafka's own command-line tools on one broker, by their classes."""

    def __init__(self, libraries: str, bus: str) -> None:
        self._java = ["java", "-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp", f"{libraries}/*"]
        self._bus = ["--bootstrap-server", bus]

    def run(self, tool: str, *arguments: str, lines: str = "") -> str:
        """Run a tool, assert that it succeeds, and return what it printed."""
        command = [*self._java, TOOLS + tool, *self._bus, *arguments]
        done = subprocess.run(command, input=lines, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(params=["embedded", "oracle"])
def kafka_tools(request: pytest.FixtureRequest) -> KafkaTools:
    """On our broker; and, to see that the tools themselves behave, on Apache Kafka."""
    libraries = program("KAFKA_LIBS", "folder with the jars of kafka_2.13")
    if request.param == "embedded":
        bus: Bus = request.getfixturevalue("our_bus")
        return KafkaTools(libraries, bus.address)
    return KafkaTools(libraries, program("KAFKA_ORACLE", "Apache Kafka (host:port)"))


def test_kafkas_tools_make_list_and_describe_topics(kafka_tools: KafkaTools) -> None:
    topic = f"t-{secrets.token_hex(4)}"
    kafka_tools.run("TopicCommand", "--create", "--topic", topic, "--partitions", "3", "--replication-factor", "1")
    described = kafka_tools.run("TopicCommand", "--describe", "--topic", topic)

    assert topic in kafka_tools.run("TopicCommand", "--list").split()
    assert "PartitionCount: 3" in described
    assert described.count("Leader: ") == 3


def test_kafkas_console_producer_and_consumer_and_the_listing_of_their_group(kafka_tools: KafkaTools) -> None:
    topic, group = f"t-{secrets.token_hex(4)}", f"g-{secrets.token_hex(4)}"
    lines = [f"line {number}" for number in range(20)]
    kafka_tools.run("TopicCommand", "--create", "--topic", topic, "--partitions", "2", "--replication-factor", "1")
    kafka_tools.run("ConsoleProducer", "--topic", topic, lines="\n".join(lines) + "\n")
    reader = ("--topic", topic, "--from-beginning", "--max-messages", "20", "--timeout-ms", "60000")
    consumed = kafka_tools.run("consumer.ConsoleConsumer", *reader, "--group", group)
    described = kafka_tools.run("consumer.group.ConsumerGroupCommand", "--describe", "--group", group)
    offsets = [line.split() for line in described.splitlines() if line.startswith(group)]

    assert sorted(consumed.splitlines()) == sorted(lines)
    assert group in kafka_tools.run("consumer.group.ConsumerGroupCommand", "--list").split()
    assert sum(int(committed) for _, _, _, committed, *_ in offsets) == 20
    assert {lag for *_, lag, _, _, _ in offsets} == {"0"}


def test_kafkas_tools_move_a_group_back(kafka_tools: KafkaTools) -> None:
    topic, group = f"t-{secrets.token_hex(4)}", f"g-{secrets.token_hex(4)}"
    kafka_tools.run("TopicCommand", "--create", "--topic", topic, "--partitions", "1", "--replication-factor", "1")
    kafka_tools.run("ConsoleProducer", "--topic", topic, lines="a\nb\nc\n")
    reset = ("--reset-offsets", "--group", group, "--topic", topic, "--execute")
    kafka_tools.run("consumer.group.ConsumerGroupCommand", *reset, "--to-offset", "1")
    described = kafka_tools.run("consumer.group.ConsumerGroupCommand", "--describe", "--group", group)

    (line,) = [line.split() for line in described.splitlines() if line.startswith(group)]
    assert line[2:6] == ["0", "1", "3", "2"]  # partition, committed, end, lag


@pytest.fixture
def otelcol() -> str:
    """Return the path of the Collector; skip the test, before any server is started, where none is named."""
    return program("OTELCOL", "OpenTelemetry Collector with the Kafka exporter")


@pytest.fixture
def telemetrygen() -> str:
    """Return the path of telemetrygen; skip the test, before any server is started, where none is named."""
    return program("TELEMETRYGEN", "telemetrygen")


@pytest.fixture(params=["otlp_grpc", "otlp_http"])
def collector(
    otelcol: str, telemetry: TelemetryServer, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """Run the Collector, which exports to our bus and our telemetry server; yield its address for OTLP over gRPC."""
    port, config = free_port(), tmp_path / "collector.yaml"
    compression = "zstd" if request.param == "otlp_grpc" else "none"
    config.write_text(
        COLLECTOR.format(
            port=port, bus=telemetry.bus, grpc=telemetry.grpc, http=telemetry.http, exporter=request.param,
            compression=compression,
        )
    )  # fmt: skip
    log = tmp_path / "collector.log"
    with serving([otelcol, "--config", str(config)], {}, lambda: b"Everything is ready" in log.read_bytes(), log):
        yield f"127.0.0.1:{port}"


def requests() -> dict[str, bytes]:
    """Return an export request of each signal, with fields of many kinds."""
    told = attributes({"service.name": "shop", "host.name": "h"})
    root = new_span("root", time_ns())
    root.attributes.extend(attributes({"n": 1, "list": [1, "a"], "map": {"k": 2.5}, "raw": b"\x00", "none": None}))
    root.events.add(name="exception", time_unix_nano=time_ns())
    child = new_span("child", time_ns(), trace_id=root.trace_id, parent=root.span_id)
    child.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="broke"))
    child.trace_state = "a=b"
    record = LogRecord(time_unix_nano=time_ns(), severity_text="INFO", body=any_value("hello"), trace_id=root.trace_id)
    logs = ResourceLogs(scope_logs=[ScopeLogs(log_records=[record])])
    logs.resource.attributes.extend(told)
    point = NumberDataPoint(time_unix_nano=time_ns(), as_double=1.5, attributes=attributes({"a": "b"}))
    metrics = ResourceMetrics(
        scope_metrics=[ScopeMetrics(metrics=[Metric(name="m", gauge=Gauge(data_points=[point]))])]
    )
    metrics.resource.attributes.extend(told)
    spans = resource_spans("shop", [root, child], **{"host.name": "h"})
    return {
        "trace": ExportTraceServiceRequest(resource_spans=[spans]).SerializeToString(),
        "logs": ExportLogsServiceRequest(resource_logs=[logs]).SerializeToString(),
        "metrics": ExportMetricsServiceRequest(resource_metrics=[metrics]).SerializeToString(),
    }


def test_what_the_collector_publishes_is_what_our_telemetry_server_publishes(
    collector: str, telemetry: TelemetryServer
) -> None:
    sent = requests()
    for signal, body in sent.items():
        send(signal, collector, body)
    topics = {"trace": "spans", "logs": "logs", "metrics": "metrics"}
    for what in topics.values():
        for topic in (f"collector_{what}", f"otlp_{what}"):
            until(partial(values, telemetry.bus, topic), f"{topic} has records")

        assert values(telemetry.bus, f"otlp_{what}") == values(telemetry.bus, f"collector_{what}")
    (record,) = values(telemetry.bus, "collector_spans")
    assert spans_of(record) == spans_of(sent["trace"])
    assert httpx.get(f"{telemetry.query}/api/services").json()["data"] == ["shop"]


@pytest.mark.parametrize("over", ["grpc", "http"])
def test_telemetrygens_spans_logs_and_metrics_arrive_once(
    telemetrygen: str, telemetry: TelemetryServer, over: str
) -> None:
    where = telemetry.grpc if over == "grpc" else telemetry.http.removeprefix("http://")
    to = ["--otlp-endpoint", where, "--otlp-insecure", "--service", "gen", *(["--otlp-http"] if over == "http" else [])]
    for signal in ("traces", "logs", "metrics"):
        subprocess.run([telemetrygen, signal, *to, f"--{signal}", "3"], check=True, capture_output=True, timeout=120)
        topic = "otlp_spans" if signal == "traces" else f"otlp_{signal}"
        until(partial(values, telemetry.bus, topic), f"{signal} are on the bus")
    until(lambda: len(generated(telemetry)) >= 6, "all spans are on the bus")
    answer = httpx.get(f"{telemetry.query}/api/traces?service=gen").json()

    shown = sorted(span["spanID"] for trace in answer["data"] for span in trace["spans"])
    assert shown == sorted(generated(telemetry))
    assert len(shown) == len(set(shown)) == 6  # 3 traces of a client and a server


def generated(telemetry: TelemetryServer) -> list[str]:
    """Ids of the spans on the bus."""
    return [span.span_id for record in values(telemetry.bus, "otlp_spans") for span in spans_of(record)]
