"""`ports.traces` over its adapter, with spans sent by the OpenTelemetry SDK, a foreign client.

The tests of the port run over our telemetry server and, where there is one, Jaeger, and those of the documents, which
the Brain reads, over the doubles of unit tests too; those of what is received, stored
and handed on over ours alone. `test_jaeger_query_contract.py` has the query API itself.
"""

import asyncio
import gzip
import json
import os
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import time_ns
from typing import TypeVar

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind as OtelKind
from opentelemetry.trace import Status, StatusCode
from support.documents import DocumentsOf, export_in_order
from support.jaeger import services, trace
from support.servers import TelemetryServer, TraceStore
from support.spans import MS, attributes, export, new_span, resource_spans
from support.waiting import until

from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.kafka import KafkaHistory
from sre_space.codec.jaeger import spans_from
from sre_space.codec.otlp import spans_of
from sre_space.domain.errors import Unavailable
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

T = TypeVar("T")
ATTRIBUTES: Mapping[str, str | int | float | bool] = {"n": 1, "f": 0.5, "b": True, "s": "x"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def ask(query: str, question: Callable[[JaegerTraces], Awaitable[T]]) -> T:
    """Ask the query API."""

    async def asked() -> T:
        traces = JaegerTraces(query)
        try:
            return await question(traces)
        finally:
            await traces.close()

    return asyncio.run(asked())


def send(exporter: SpanExporter, service: str = "shop") -> None:
    """One trace of two spans, the inner one failed."""
    provider = TracerProvider(resource=Resource({"service.name": service, "service.version": "1"}))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")
    with (
        tracer.start_as_current_span("outer", kind=OtelKind.SERVER, attributes=dict(ATTRIBUTES)),
        tracer.start_as_current_span("inner", kind=OtelKind.CLIENT) as inner,
    ):
        inner.set_status(Status(StatusCode.ERROR, "broke"))
    provider.shutdown()


def window(query: str, service: str, since: int, count: int) -> Sequence[Span]:
    """Return a service's spans once `count` are seen: Jaeger stores them a moment after it acknowledged."""

    def found() -> Sequence[Span]:
        spans = ask(query, lambda traces: traces.window(service, since, time_ns()))
        return spans if len(spans) >= count else ()

    return until(found, f"{count} spans of {service} are seen")


def assert_whole(query: str, service: str, begun: int) -> None:
    """Assert that the port gives the trace that `send` made, with all that was sent."""
    outer, inner = sorted(window(query, service, begun - 10**6, 2), key=lambda span: span.start)
    assert (outer.name, outer.kind, outer.parent_id, outer.status) == ("outer", SpanKind.SERVER, "", SpanStatus.UNSET)
    assert dict(outer.attributes) == ATTRIBUTES
    assert (inner.parent_id, inner.trace_id, inner.kind) == (outer.span_id, outer.trace_id, SpanKind.CLIENT)
    assert (inner.status, inner.status_message, inner.attributes) == (SpanStatus.ERROR, "broke", {})
    assert service in services(query)
    assert [span.name for span in trace(query, outer.trace_id)] == ["outer", "inner"]


def test_what_the_sdk_sends_is_what_the_port_reads(store: TraceStore) -> None:
    begun, service = time_ns(), f"shop-{secrets.token_hex(4)}"
    send(GrpcExporter(store.grpc, insecure=True), service)

    assert_whole(store.query, service, begun)
    assert ask(store.query, lambda traces: traces.window(service, begun - 10**12, begun - 10**11)) == []
    assert ask(store.query, lambda traces: traces.window("nobody", 0, time_ns())) == []
    assert trace(store.query, "ff") == []


def test_what_the_sdk_sends_over_http_is_the_same(telemetry: TelemetryServer) -> None:
    begun = time_ns()
    send(HttpExporter(f"{telemetry.http}/v1/traces", compression=Compression.Gzip))

    assert_whole(telemetry.query, "shop", begun)


def test_a_window_holds_whole_traces_newest_first_and_ends_before_its_end(store: TraceStore) -> None:
    now, service = time_ns() // 10**9 * 10**9, f"shop-{secrets.token_hex(4)}"
    roots = [new_span(f"root{number}", now + number * MS) for number in range(4)]
    orphans = [new_span("orphan", now + 10 * MS, trace_id=root.trace_id, parent=b"a lost 1") for root in roots]
    other = resource_spans(f"{service}-other", orphans)
    export_in_order(store, [resource_spans(service, roots), other])

    def names(since: int, until: int, limit: int = 200) -> list[str]:
        return [span.name for span in ask(store.query, lambda traces: traces.window(service, since, until, limit))]

    assert [name for name in names(0, now + 9 * MS) if name != "orphan"] == ["root3", "root2", "root1", "root0"]
    assert names(0, now + 9 * MS).count("orphan") == 4
    assert set(names(now + MS, now + 3 * MS)) == {"root1", "root2", "orphan"}
    assert set(names(0, now + 9 * MS, limit=1)) == {"root3", "orphan"}


async def test_documents_hold_whole_traces_of_a_service_newest_first(documents_of: DocumentsOf) -> None:
    now, service = time_ns() // 10**9 * 10**9, f"shop-{secrets.token_hex(4)}"
    roots = [new_span(f"root{number}", now + number * MS) for number in range(4)]
    others = [new_span("other", now + 10 * MS, trace_id=root.trace_id, parent=root.span_id) for root in roots]
    alone = new_span("alone", now + MS)
    groups = [resource_spans(service, roots), resource_spans(f"{service}-other", [*others, alone])]
    documents = await asyncio.to_thread(documents_of, groups)

    async def names(since: int, until: int, limit: int = 200, of: str = service) -> list[str]:
        told = json.loads(await documents.document(of, since, until, limit))
        return [span.name for span in spans_from(told["data"] or ())]

    whole = await names(0, now + 9 * MS)
    assert [name for name in whole if name != "other"] == ["root3", "root2", "root1", "root0"]
    assert whole.count("other") == 4
    assert sorted(await names(now + MS, now + 3 * MS)) == ["other", "other", "root1", "root2"]
    assert sorted(await names(0, now + 9 * MS, limit=1)) == ["other", "root3"]
    assert await names(0, now + 9 * MS, of=f"{service}-other") == ["alone"]
    assert await names(0, now + 9 * MS, of="nobody") == []
    assert await names(0, now) == []
    if isinstance(documents, JaegerTraces):
        await documents.close()


def test_the_port_reads_the_span_that_was_sent_whatever_jaeger_adds_or_leaves_out(store: TraceStore) -> None:
    service, short = f"shop-{secrets.token_hex(4)}", bytes(8) + os.urandom(8)
    span = new_span("op", time_ns() // 1000 * 1000, 5 * MS, trace_id=short)
    span.attributes.extend(attributes({"big": 2**60, "whole": 2.0, "list": ["a", 1], "raw": b"ab", "none": None}))
    span.links.add(trace_id=os.urandom(16), span_id=b"linked-1")
    span.events.add(name="event", time_unix_nano=span.start_time_unix_nano)
    group = resource_spans(service, [span], **{"host.name": "h"})
    export(store.grpc, [group])

    (read,) = window(store.query, service, 0, 1)

    assert [read] == spans_of(ExportTraceServiceRequest(resource_spans=[group]).SerializeToString())
    assert type(read.attributes["whole"]) is float
    assert trace(store.query, read.trace_id) == [read]


def request(count: int) -> tuple[bytes, list[str]]:
    """Return an export request of spans of one service, and their trace ids."""
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

    stored = {span.trace_id for span in ask(telemetry.query, lambda traces: traces.window("load", 0, time_ns(), 1500))}

    def published() -> set[str]:
        records = asyncio.run(KafkaHistory(telemetry.bus).window("otlp_spans", 0, time_ns() + 10**9))
        return {span.trace_id for record in records for span in spans_of(record.value)}

    assert len(acknowledged) == 200
    assert stored == set(acknowledged)
    assert until(lambda: published() >= set(acknowledged), "all spans are on the bus")


def handed_on(telemetry: TelemetryServer, topic: str) -> list[bytes]:
    """Return the values of all records of a topic."""
    records = asyncio.run(KafkaHistory(telemetry.bus).window(topic, 0, time_ns() + 10**9))
    return [record.value for record in records]


def test_each_request_is_handed_on_once(telemetry: TelemetryServer) -> None:
    bodies = [request(1)[0] for _ in range(60)]
    with httpx.Client() as client:
        for body in bodies:
            assert client.post(f"{telemetry.http}/v1/traces", content=body, headers=PROTOBUF).is_success
    until(lambda: set(handed_on(telemetry, "otlp_spans")) >= set(bodies), "all are on the bus")
    last, _ = request(1)
    assert httpx.post(f"{telemetry.http}/v1/traces", content=last, headers=PROTOBUF).is_success
    until(lambda: last in handed_on(telemetry, "otlp_spans"), "and what came after them")

    assert sorted(handed_on(telemetry, "otlp_spans")) == sorted([*bodies, last])


def test_a_request_too_large_for_a_record_is_handed_on_in_parts_and_a_span_that_cannot_be_is_dropped(
    telemetry: TelemetryServer,
) -> None:
    large, ids = request(30_000)
    lump = new_span("x" * 2_000_000, time_ns())
    for number in range(100):
        lump.attributes.extend(attributes({f"key-{number}": "v" * 30_000}))
    export(telemetry.grpc, [resource_spans("lump", [lump])])
    assert httpx.post(f"{telemetry.http}/v1/traces", content=large, headers=PROTOBUF).is_success

    def published() -> list[str]:
        return [span.trace_id for record in handed_on(telemetry, "otlp_spans") for span in spans_of(record)]

    until(lambda: len(published()) >= len(ids), "all spans are on the bus")
    assert sorted(published()) == sorted(ids)
    assert len(large) > 2**20
    assert services(telemetry.query) == ["load"]


def test_a_body_without_end_is_refused(telemetry: TelemetryServer) -> None:
    answer = httpx.post(f"{telemetry.http}/v1/traces", content=bytes(17 * 2**20), headers=PROTOBUF)

    assert answer.status_code == 400
    assert b"smaller batches" in answer.content


def test_spans_of_another_time_are_dropped_and_the_answer_says_so(telemetry: TelemetryServer) -> None:
    now = time_ns()
    odd = [new_span("late", 2**64 - 1, 0), new_span("early", 0, 0), new_span("tomorrow", now + 86_400 * 10**9)]
    odd.append(new_span("backward", now, -MS))
    message = ExportTraceServiceRequest(resource_spans=[resource_spans("shop", [*odd, new_span("now", now)])])

    sent = httpx.post(f"{telemetry.http}/v1/traces", content=message.SerializeToString(), headers=PROTOBUF)
    export(telemetry.grpc, message.resource_spans)

    told = ExportTraceServiceResponse.FromString(sent.content).partial_success
    assert (sent.status_code, told.rejected_spans) == (200, len(odd))
    assert "an event time in the future: 2" in told.error_message
    assert [span.name for span in ask(telemetry.query, lambda t: t.window("shop", 0, 2**63 - 1))] == ["now"]
    handed = [span.name for record in handed_on(telemetry, "otlp_spans") for span in spans_of(record)]
    assert set(handed) == {"now"}
    assert trace(telemetry.query, odd[0].trace_id.hex()) == []


def test_points_and_records_of_another_time_are_dropped(telemetry: TelemetryServer) -> None:
    metrics, logs, now = ExportMetricsServiceRequest(), ExportLogsServiceRequest(), time_ns()
    many = metrics.resource_metrics.add().scope_metrics.add().metrics
    lines = logs.resource_logs.add().scope_logs.add().log_records
    for name, at in (("tomorrow", now + 86_400 * 10**9), ("1970", 1), ("now", now)):
        many.add(name=name).gauge.data_points.add(time_unix_nano=at, as_double=1.0)
        lines.add(time_unix_nano=at).body.string_value = name
    lines.add().body.string_value = "untimed"
    for signal, body in (("metrics", metrics.SerializeToString()), ("logs", logs.SerializeToString())):
        assert httpx.post(f"{telemetry.http}/v1/{signal}", content=body, headers=PROTOBUF).is_success

    (one,) = until(lambda: handed_on(telemetry, "otlp_metrics"), "the metrics are on the bus")
    (other,) = until(lambda: handed_on(telemetry, "otlp_logs"), "the logs are on the bus")
    kept = ExportMetricsServiceRequest.FromString(one).resource_metrics[0].scope_metrics[0].metrics
    left = ExportLogsServiceRequest.FromString(other).resource_logs[0].scope_logs[0].log_records
    assert [metric.name for metric in kept] == ["now"]
    assert [line.body.string_value for line in left] == ["now", "untimed"]


def test_logs_and_metrics_are_handed_on_as_they_came(telemetry: TelemetryServer) -> None:
    message = ExportLogsServiceRequest()
    message.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "hello"
    body = message.SerializeToString()
    headers = {**PROTOBUF, "Content-Encoding": "gzip"}
    assert httpx.post(f"{telemetry.http}/v1/logs", content=gzip.compress(body), headers=headers).is_success

    assert until(lambda: handed_on(telemetry, "otlp_logs"), "the log record is on the bus") == [body]


def test_bytes_that_are_no_otlp_are_refused_and_harm_nobody(telemetry: TelemetryServer) -> None:
    with httpx.Client() as client:

        @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.binary(max_size=200), st.sampled_from(["traces", "logs", "metrics"]))
        def post(body: bytes, signal: str) -> None:
            answer = client.post(f"{telemetry.http}/v1/{signal}", content=body, headers=PROTOBUF)
            assert answer.status_code in (200, 400)

        post()
        gzipped = {**PROTOBUF, "Content-Encoding": "gzip"}
        for broken in (b"no gzip", gzip.compress(request(9)[0])[:-9]):
            assert client.post(f"{telemetry.http}/v1/traces", content=broken, headers=gzipped).status_code == 400
        brotli = {**PROTOBUF, "Content-Encoding": "br"}
        assert client.post(f"{telemetry.http}/v1/traces", content=b"x", headers=brotli).status_code == 400
        assert client.post(f"{telemetry.http}/v1/traces", json={}).status_code == 415
        assert client.get(f"{telemetry.query}/api/services", headers={"Host": "evil.example"}).status_code == 403


async def test_a_store_that_is_down_is_unavailable() -> None:
    traces = JaegerTraces("http://127.0.0.1:1")
    with pytest.raises(Unavailable, match="JAEGER_URL"):
        await traces.window("web", 0, 1)
    await traces.close()
