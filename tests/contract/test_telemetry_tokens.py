"""Who may tell what: the exporters of the OpenTelemetry SDK, and requests made by hand, before a server that asks."""

import asyncio
from collections.abc import Callable, Sequence
from time import time_ns
from typing import Any

import grpc
import httpx
import pytest
from google.rpc.status_pb2 import Status
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support.servers import RECORD_KEY, TOKENS, TelemetryServer
from support.spans import attributes, new_span, resource_spans
from support.waiting import until

from sre_embedded.servers.telemetry.tokens import render
from sre_space.adapters.kafka import KafkaHistory
from sre_space.codec.otlp import spans_of
from sre_space.codec.record_mac import authentic
from sre_space.ports.bus import Record
from sre_space.state_files import write_private

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
TOPICS = {"traces": "otlp_spans", "logs": "otlp_logs", "metrics": "otlp_metrics"}
GRPC: dict[str, Callable[..., Any]] = {
    "traces": grpc_traces.OTLPSpanExporter,
    "logs": grpc_logs.OTLPLogExporter,
    "metrics": grpc_metrics.OTLPMetricExporter,
}
HTTP: dict[str, Callable[..., Any]] = {
    "traces": http_traces.OTLPSpanExporter,
    "logs": http_logs.OTLPLogExporter,
    "metrics": http_metrics.OTLPMetricExporter,
}


def told(signal: str, service: str) -> Any:  # noqa: ANN401 - what the exporter of the signal takes
    """Return one item of a signal, as the SDK of a service hands it to its exporter."""
    resource = Resource({"service.name": service})
    if signal == "traces":
        spans = InMemorySpanExporter()
        tracers = TracerProvider(resource=resource)
        tracers.add_span_processor(SimpleSpanProcessor(spans))
        tracers.get_tracer("t").start_span("one").end()
        return spans.get_finished_spans()
    if signal == "logs":
        records = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
        loggers = LoggerProvider(resource=resource)
        loggers.add_log_record_processor(SimpleLogRecordProcessor(records))
        loggers.get_logger("t").emit(LogRecord(timestamp=time_ns(), body="one"))
        return records.get_finished_logs()
    reader = InMemoryMetricReader()
    MeterProvider([reader], resource).get_meter("t").create_counter("one").add(1)
    return reader.get_metrics_data()


def export(server: TelemetryServer, over: str, signal: str, service: str) -> bool:
    """Through the SDK's exporter, which reads its headers from the environment; True when the server took it."""
    if over == "grpc":
        exporter = GRPC[signal](server.grpc, insecure=True, timeout=120)
    else:
        exporter = HTTP[signal](f"{server.http}/v1/{signal}", timeout=120)
    try:
        return bool(exporter.export(told(signal, service)).name == "SUCCESS")
    finally:
        exporter.shutdown()


def handed_on(server: TelemetryServer, topic: str = "otlp_spans") -> Sequence[Record]:
    """Return the records of a topic on the bus; none while the topic does not exist."""
    try:
        return asyncio.run(KafkaHistory(server.bus).window(topic, 0, time_ns() + 10**9))
    except KeyError:
        return ()


@pytest.mark.parametrize("over", ["grpc", "http"])
def test_an_exporter_is_heard_with_its_own_token_and_gives_up_at_once_with_any_other(
    guarded: TelemetryServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, over: str
) -> None:
    taken = set()
    for name, headers in {
        "without": "",
        "another's": f"authorization=Bearer%20{TOKENS['traffic']}",
        "made up": "authorization=Bearer%20sre_otlp_guess",
        "its own": f"authorization=Bearer%20{TOKENS['shop']}",
    }.items():
        monkeypatch.setenv(HEADERS, headers)
        taken |= {(name, signal) for signal in TOPICS if export(guarded, over, signal, "shop")}

    assert taken == {("its own", signal) for signal in TOPICS}
    assert 0 < len(caplog.messages) <= 9  # a line for each refusal at most, and none that it is tried again
    assert all(message.startswith("Failed to export") for message in caplog.messages)
    for topic in TOPICS.values():
        (record,) = until(lambda topic=topic: handed_on(guarded, topic), "what was taken is on the bus")  # type: ignore[misc]
        assert b"shop" in record.value
        assert authentic(RECORD_KEY.encode(), record)
        assert not authentic(b"another key", record)
    assert "any sender may send" not in guarded.process.log.read_text()


def mixed() -> ExportTraceServiceRequest:
    """Return a request of several resources, of which only `mine` and `mine too` are entirely traffic's."""
    strange = ResourceSpans()
    strange.resource.attributes.extend(attributes({"service.name": ["traffic"]}))
    strange.scope_spans.add().spans.extend([new_span("no text", time_ns()), new_span("no text", time_ns())])
    twice = resource_spans("traffic", [new_span("two names", time_ns())])
    twice.resource.attributes.extend(attributes({"service.name": "shop"}))
    return ExportTraceServiceRequest(
        resource_spans=[
            resource_spans("traffic", [new_span("mine", time_ns())]),
            resource_spans("shop", [new_span("the shop's", time_ns())]),
            resource_spans("Traffic", [new_span("looks alike", time_ns())]),
            resource_spans("", [new_span("nobody's", time_ns())]),
            strange,
            twice,
            resource_spans("traffic", [new_span("mine too", time_ns())]),
        ]
    )


def post(server: TelemetryServer, body: bytes, *tokens: str, kind: str = "application/x-protobuf") -> httpx.Response:
    """Over HTTP with these tokens."""
    headers = [("Content-Type", kind), *(("Authorization", f"Bearer {token}") for token in tokens)]
    return httpx.post(f"{server.http}/v1/traces", content=body, headers=headers, trust_env=False)


def call(server: TelemetryServer, body: bytes, *tokens: str) -> tuple[str, str, bytes]:
    """Over gRPC with these tokens: the status, its message, the response."""
    path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    metadata = [("authorization", f"Bearer {token}") for token in tokens]
    with grpc.insecure_channel(server.grpc) as channel:
        try:
            return "OK", "", channel.unary_unary(path)(body, timeout=120, metadata=metadata)
        except grpc.RpcError as error:
            return error.code().name, error.details(), b""


def answer(server: TelemetryServer, over: str, body: bytes, *tokens: str) -> tuple[str, str, bytes]:
    """Over either, in the words of gRPC."""
    if over == "grpc":
        return call(server, body, *tokens)
    told = post(server, body, *tokens)
    words = {200: "OK", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 400: "INVALID_ARGUMENT"}
    message = Status.FromString(told.content).message if told.is_error else ""
    return words[told.status_code], message, b"" if told.is_error else told.content


@pytest.mark.parametrize("over", ["grpc", "http"])
def test_of_a_request_that_is_in_part_the_senders_own_that_part_is_taken_and_the_rest_counted_as_rejected(
    guarded: TelemetryServer, over: str
) -> None:
    status, _, response = answer(guarded, over, mixed().SerializeToString(), TOKENS["traffic"])

    assert status == "OK"
    rejected = ExportTraceServiceResponse.FromString(response).partial_success
    assert rejected.rejected_spans == 6
    assert rejected.error_message == "resource 2 has the service.name 'shop'; this token is for traffic"
    (record,) = until(lambda: handed_on(guarded), "the rest is on the bus")
    assert [span.name for span in spans_of(record.value)] == ["mine", "mine too"]
    known = httpx.get(f"{guarded.query}/api/services", trust_env=False).json()["data"]
    assert known == ["traffic"]


@pytest.mark.parametrize("over", ["grpc", "http"])
def test_each_refusal_says_why_and_nothing_of_it_is_stored(guarded: TelemetryServer, over: str) -> None:
    foreign = ExportTraceServiceRequest(resource_spans=[resource_spans("shop", [new_span("x", time_ns())])])
    body, own, other = foreign.SerializeToString(), TOKENS["shop"], TOKENS["traffic"]

    told = {
        name: answer(guarded, over, body, *tokens)[:2]
        for name, tokens in {"none": (), "made up": ("x",), "two": (own, own), "another's": (other,)}.items()
    }

    remedy = "send it as OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20TOKEN"
    assert told == {
        "none": ("UNAUTHENTICATED", f"telemetry with no token is refused: {remedy}"),
        "made up": ("UNAUTHENTICATED", f"telemetry with an unknown token is refused: {remedy}"),
        "two": ("UNAUTHENTICATED", f"telemetry with several tokens is refused: {remedy}"),
        "another's": (
            "PERMISSION_DENIED",
            "resource 1 has the service.name 'shop'; this token is for traffic",
        ),
    }
    assert answer(guarded, over, b"\xff", own)[0] == "INVALID_ARGUMENT"
    assert answer(guarded, over, b"\xff")[0] == "UNAUTHENTICATED"
    assert httpx.get(f"{guarded.query}/api/services", trust_env=False).json()["data"] == []
    text = guarded.process.log.read_text()
    assert "1 telemetry requests were refused: no token" in text
    assert not [token for token in TOKENS.values() if token in text]


def test_over_http_a_stranger_is_told_which_scheme_is_asked_for_whatever_he_sends(guarded: TelemetryServer) -> None:
    for kind in ("application/x-protobuf", "application/json", "text/plain"):
        told = post(guarded, b"{}", kind=kind)
        assert told.status_code == 401
        assert told.headers["WWW-Authenticate"] == 'Bearer realm="telemetry"'
    assert post(guarded, b"{}", TOKENS["shop"], kind="application/json").status_code == 415


def test_a_token_that_was_replaced_is_refused_from_the_next_start_on(guarded: TelemetryServer) -> None:
    body = ExportTraceServiceRequest(
        resource_spans=[resource_spans("shop", [new_span("x", time_ns())])]
    ).SerializeToString()
    assert call(guarded, body, TOKENS["shop"])[0] == "OK"

    guarded.process.kill()
    write_private(guarded.process.log.with_name("tokens.json"), render({"sre_otlp_new": ["shop", "traffic"]}))
    guarded.process.start()

    assert call(guarded, body, TOKENS["shop"])[0] == "UNAUTHENTICATED"
    assert call(guarded, body, "sre_otlp_new")[0] == "OK"
    assert call(guarded, mixed().SerializeToString(), "sre_otlp_new")[0] == "OK"


def test_a_server_without_tokens_says_once_that_anybody_may_send(telemetry: TelemetryServer) -> None:
    assert call(telemetry, mixed().SerializeToString())[0] == "OK"

    assert telemetry.process.log.read_text().count("set TELEMETRY_TOKENS_FILE to require") == 1
    (record,) = until(lambda: handed_on(telemetry), "it is on the bus")
    assert record.headers == {}
