"""OTLP trace requests made by hand, and their way in over gRPC, for suites that compare trace stores."""

import os
from collections.abc import Iterable, Mapping, Sequence

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

MS = 10**6


def attributes(values: Mapping[str, object]) -> list[KeyValue]:
    """Attributes of every kind that OTLP has; None is an empty value."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def any_value(value: object) -> AnyValue:
    """One value."""
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            return AnyValue(array_value=ArrayValue(values=map(any_value, value)))
        case dict():
            return AnyValue(kvlist_value=KeyValueList(values=attributes(value)))
        case _:
            return AnyValue()


def new_span(name: str, start: int, duration: int = MS, *, trace_id: bytes = b"", parent: bytes = b"") -> Span:
    """Return a span with an id of its own, and its own trace unless one is given."""
    return Span(
        trace_id=trace_id or os.urandom(16),
        span_id=os.urandom(8),
        parent_span_id=parent,
        name=name,
        start_time_unix_nano=start,
        end_time_unix_nano=start + duration,
    )


def resource_spans(service: str, spans: Iterable[Span], **resource: object) -> ResourceSpans:
    """Spans of one service; further resource attributes by name."""
    told = attributes({"service.name": service, **resource} if service else resource)
    return ResourceSpans(resource=Resource(attributes=told), scope_spans=[ScopeSpans(spans=spans)])


def export(address: str, groups: Sequence[ResourceSpans]) -> None:
    """Over gRPC; returns when the server has acknowledged."""
    send("trace", address, ExportTraceServiceRequest(resource_spans=groups).SerializeToString())


def send(signal: str, address: str, request: bytes) -> None:
    """Send an export request of one signal (trace, logs, metrics) over gRPC."""
    path = f"/opentelemetry.proto.collector.{signal}.v1.{signal.capitalize()}Service/Export"
    with grpc.insecure_channel(address) as channel:
        channel.unary_unary(path)(request, timeout=10)
