"""Parser of OTLP protobuf (opentelemetry-proto) into values; tolerates the fields that real exporters leave out."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

from sre_space.codec.span_kinds import KINDS
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

Value = str | int | float | bool
UNKNOWN_SERVICE = "unknown_service"  # as the OpenTelemetry resource conventions name it

_STATUSES = (SpanStatus.UNSET, SpanStatus.OK, SpanStatus.ERROR)
_PLAIN = ("string_value", "bool_value", "int_value", "double_value")
_NESTED = ("array_value", "kvlist_value")
_WHOLE_BELOW = 1e21  # from here on a number's JSON text has an exponent (ECMA-262)
_ESCAPED = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


def request_of(body: bytes) -> ExportTraceServiceRequest:
    """Return the export request in `body`; raise `Malformed` when the bytes are not one."""
    request = ExportTraceServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP trace request: {error}") from error
    return request


def spans_of(body: bytes) -> list[Span]:
    """Return the spans of the export request in `body`; raise `Malformed` when the bytes are not one."""
    return list(_spans(request_of(body)))


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
        kind=kind_of(span),
        start=span.start_time_unix_nano,
        end=span.end_time_unix_nano,
        status=status_of(span),
        status_message=span.status.message,
        attributes=attributes_of(span.attributes),
    )


def kind_of(span: trace_pb2.Span) -> SpanKind:
    """Return the span's kind; UNSPECIFIED for a kind that a later OTLP adds."""
    return KINDS[span.kind] if 0 <= span.kind < len(KINDS) else SpanKind.UNSPECIFIED


def status_of(span: trace_pb2.Span) -> SpanStatus:
    """Return the span's status; UNSET for a status that a later OTLP adds."""
    return _STATUSES[span.status.code] if 0 <= span.status.code < len(_STATUSES) else SpanStatus.UNSET


def attributes_of(pairs: Iterable[KeyValue]) -> dict[str, Value]:
    """Return attributes as plain values; arrays and maps become JSON text, bytes base64, as in the Collector."""
    return {pair.key: value_of(pair.value) for pair in pairs}


def value_of(value: Any) -> Value:  # noqa: ANN401 - an AnyValue, typed by its case
    """Return one attribute's value; "" for an empty value and for a type that a later OTLP adds."""
    case = value.WhichOneof("value")
    if case in _PLAIN:
        plain: Value = getattr(value, case)
        return plain
    if case == "bytes_value":
        return b64encode(value.bytes_value).decode()
    if case in _NESTED:
        text = json.dumps(_json(value), separators=(",", ":"), sort_keys=True, ensure_ascii=False)
        return text.translate(_ESCAPED)
    return ""


def _json(value: Any) -> object:  # noqa: ANN401 - same
    match value.WhichOneof("value"):
        case "array_value":
            return [_json(item) for item in value.array_value.values]
        case "kvlist_value":
            return {pair.key: _json(pair.value) for pair in value.kvlist_value.values}
        case "double_value" if value.double_value.is_integer() and abs(value.double_value) < _WHOLE_BELOW:
            return int(value.double_value)
        case None:
            return None
        case _:
            return value_of(value)
