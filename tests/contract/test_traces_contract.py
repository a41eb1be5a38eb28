"""`ports.traces` over its adapter, with spans sent by the OpenTelemetry SDK, a foreign client."""

import asyncio
import gzip
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from time import time_ns
from typing import TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind as OtelKind
from opentelemetry.trace import Status, StatusCode
from support.servers import TelemetryServer
from support.waiting import until

from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.kafka import KafkaHistory
from sre_space.domain.errors import Unavailable
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus
from sre_space.wire.jaeger import spans_from, traces_json
from sre_space.wire.otlp import spans_of

T = TypeVar("T")
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def ask(server: TelemetryServer, question: Callable[[JaegerTraces], Awaitable[T]]) -> T:
    """Ask the query API."""

    async def asked() -> T:
        traces = JaegerTraces(server.query)
        try:
            return await question(traces)
        finally:
            await traces.close()

    return asyncio.run(asked())


def send(exporter: SpanExporter) -> None:
    """One trace of two spans, the inner one failed."""
    provider = TracerProvider(resource=Resource({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with (
        tracer.start_as_current_span("outer", kind=OtelKind.SERVER, attributes={"n": 1, "f": 0.5, "b": True, "s": "x"}),
        tracer.start_as_current_span("inner", kind=OtelKind.CLIENT) as inner,
    ):
        inner.set_status(Status(StatusCode.ERROR, "broke"))
    provider.shutdown()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_what_the_sdk_sends_is_what_the_port_reads(telemetry: TelemetryServer, protocol: str) -> None:
    begun = time_ns()
    grpc = protocol == "grpc"
    send(GrpcExporter(telemetry.grpc, insecure=True) if grpc else HttpExporter(f"{telemetry.http}/v1/traces"))

    outer, inner = sorted(ask(telemetry, lambda t: t.window("shop", begun - 10**6, time_ns())), key=lambda s: s.start)

    assert (outer.name, outer.kind, outer.parent_id, outer.status) == ("outer", SpanKind.SERVER, "", SpanStatus.UNSET)
    assert dict(outer.attributes) == {"n": 1, "f": 0.5, "b": True, "s": "x"}
    assert (inner.parent_id, inner.trace_id, inner.kind) == (outer.span_id, outer.trace_id, SpanKind.CLIENT)
    assert (inner.status, inner.status_message) == (SpanStatus.ERROR, "broke")
    assert ask(telemetry, lambda t: t.services()) == ["shop"]
    assert [span.name for span in ask(telemetry, lambda t: t.trace(outer.trace_id))] == ["outer", "inner"]
    assert ask(telemetry, lambda t: t.window("shop", begun - 10**12, begun - 10**11)) == []
    assert ask(telemetry, lambda t: t.window("nobody", 0, time_ns())) == []
    assert ask(telemetry, lambda t: t.trace("ff")) == []


def request(count: int) -> tuple[bytes, list[str]]:
    """An export request of spans of one service, and their trace ids."""
    message, ids = ExportTraceServiceRequest(), []
    resource = message.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "load"
    scope = resource.scope_spans.add()
    for _ in range(count):
        trace_id, now = os.urandom(16), time_ns()
        scope.spans.add(
            trace_id=trace_id, span_id=os.urandom(8), name="op", start_time_unix_nano=now, end_time_unix_nano=now
        )
        ids.append(trace_id.hex())
    return message.SerializeToString(), ids


def test_every_acknowledged_span_survives_kill_nine_and_reaches_the_bus(telemetry: TelemetryServer) -> None:
    acknowledged: list[str] = []
    for number in range(40):
        body, ids = request(5)
        if number in (10, 25):
            telemetry.process.kill()
            telemetry.process.start()
        if httpx.post(f"{telemetry.http}/v1/traces", content=body, headers=PROTOBUF).is_success:
            acknowledged += ids

    stored = {span.trace_id for span in ask(telemetry, lambda t: t.window("load", 0, time_ns(), 1500))}

    def published() -> set[str]:
        records = asyncio.run(KafkaHistory(telemetry.bus).window("otlp_spans", 0, time_ns() + 10**9))
        return {span.trace_id for record in records for span in spans_of(record.value)}

    assert len(acknowledged) == 200
    assert stored == set(acknowledged)
    assert until(lambda: published() >= set(acknowledged), "all spans are on the bus")


def test_logs_and_metrics_are_handed_on_as_they_came(telemetry: TelemetryServer) -> None:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "hello"
    body = message.SerializeToString()
    headers = {**PROTOBUF, "Content-Encoding": "gzip"}
    assert httpx.post(f"{telemetry.http}/v1/logs", content=gzip.compress(body), headers=headers).is_success

    def handed_on() -> list[bytes]:
        records = asyncio.run(KafkaHistory(telemetry.bus).window("otlp_logs", 0, time_ns() + 10**9))
        return [record.value for record in records]

    assert until(handed_on, "the log record is on the bus") == [body]


def test_bytes_that_are_no_otlp_are_refused_and_harm_nobody(telemetry: TelemetryServer) -> None:
    with httpx.Client() as client:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.binary(max_size=200), st.sampled_from(["traces", "logs", "metrics"]))
        def post(body: bytes, signal: str) -> None:
            answer = client.post(f"{telemetry.http}/v1/{signal}", content=body, headers=PROTOBUF)
            assert answer.status_code in (200, 400)

        post()
        gzipped = {**PROTOBUF, "Content-Encoding": "gzip"}
        assert client.post(f"{telemetry.http}/v1/traces", content=b"no gzip", headers=gzipped).status_code == 400
        assert client.post(f"{telemetry.http}/v1/traces", json={}).status_code == 415
        assert client.get(f"{telemetry.query}/api/services", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("/api/traces", 400, "service"),
        ("/api/traces?service=x&start=yesterday", 400, "start"),
        ("/api/traces?service=x&minDuration=long", 400, "minDuration"),
        ("/api/traces?service=x&tags=no", 400, "tags"),
        ("/api/traces/ff", 404, "not found"),
    ],
)
def test_the_query_api_answers_wrong_questions_as_jaeger_does(
    telemetry: TelemetryServer, query: str, status: int, told: str
) -> None:
    answer = httpx.get(telemetry.query + query)

    assert answer.status_code == status
    assert answer.json()["data"] is None
    assert told in answer.json()["errors"][0]["msg"]


def test_searches_narrow_by_operation_duration_tags_and_error(telemetry: TelemetryServer) -> None:
    send(HttpExporter(f"{telemetry.http}/v1/traces"))

    def found(query: str) -> int:
        return len(httpx.get(f"{telemetry.query}/api/traces?service=shop&{query}").json()["data"])

    assert found("operation=outer") == 1
    assert found("operation=nothing") == 0
    assert found("minDuration=10s") == 0
    assert found('tags={"n":"1"}') == 1
    assert found('tags={"n":"2"}') == 0
    assert found('tags={"error":"true"}') == 1
    assert httpx.get(f"{telemetry.query}/api/services/shop/operations").json()["data"] == ["inner", "outer"]
    assert httpx.get(f"{telemetry.query}/api/dependencies").json()["data"] == []


def test_a_store_that_is_down_is_unavailable() -> None:
    async def story() -> None:
        traces = JaegerTraces("http://127.0.0.1:1")
        with pytest.raises(Unavailable, match="JAEGER_URL"):
            await traces.services()
        await traces.close()

    asyncio.run(story())


NAMES = st.text(min_size=1, max_size=12)
VALUES = (
    st.text(max_size=9)
    | st.integers(-(2**40), 2**40)
    | st.booleans()
    | st.floats(allow_nan=False, allow_infinity=False)
)
HEX = st.integers(1, 2**60).map(lambda number: f"{number:016x}")
RESERVED = {"span.kind", "error", "otel.status_code", "otel.status_description"}


@given(
    st.lists(
        st.builds(
            Span, trace_id=HEX, span_id=HEX, parent_id=HEX | st.just(""), service=NAMES, name=NAMES,
            kind=st.sampled_from(SpanKind), start=st.integers(0, 10**12).map(lambda us: us * 1000),
            end=st.just(0), status=st.sampled_from(SpanStatus), status_message=st.text(max_size=9),
            attributes=st.dictionaries(NAMES.filter(lambda name: name not in RESERVED), VALUES, max_size=4),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_spans_survive_jaegers_json(spans: list[Span]) -> None:
    whole = [replace(span, end=span.start + 5000) for span in spans]

    read = spans_from(traces_json(whole))

    assert sorted(read, key=repr) == sorted(whole, key=repr)
