"""OTLP protobuf to values (opentelemetry-proto); tolerant of what real exporters leave out."""

from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

Value = str | int | float | bool
UNKNOWN_SERVICE = "unknown_service"  # as the OpenTelemetry resource conventions name it

_KINDS = (
    SpanKind.UNSPECIFIED,
    SpanKind.INTERNAL,
    SpanKind.SERVER,
    SpanKind.CLIENT,
    SpanKind.PRODUCER,
    SpanKind.CONSUMER,
)
_STATUSES = (SpanStatus.UNSET, SpanStatus.OK, SpanStatus.ERROR)


def spans_of(body: bytes) -> list[Span]:
    """The spans of one export request; `Malformed` when it is none."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP trace request: {error}") from error
    return list(_spans(request))


def _spans(request: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource_spans in request.resource_spans:
        resource = attributes_of(resource_spans.resource.attributes)
        service = str(resource.get("service.name") or UNKNOWN_SERVICE)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                yield _span(service, span)


def _span(service: str, span: trace_pb2.Span) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=_KINDS[span.kind] if 0 <= span.kind < len(_KINDS) else SpanKind.UNSPECIFIED,
        start=span.start_time_unix_nano,
        end=max(span.start_time_unix_nano, span.end_time_unix_nano),
        status=_STATUSES[span.status.code] if 0 <= span.status.code < len(_STATUSES) else SpanStatus.UNSET,
        status_message=span.status.message,
        attributes=attributes_of(span.attributes),
    )


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """Attributes as plain values; arrays, maps and bytes become their text."""
    return {pair.key: _value(pair.value) for pair in pairs}


def _value(value: Any) -> Value:  # noqa: ANN401 - an AnyValue, typed by its case
    case = value.WhichOneof("value")
    if case in ("string_value", "bool_value", "int_value", "double_value"):
        plain: Value = getattr(value, case)
        return plain
    return "" if case is None else str(getattr(value, case)).strip()
