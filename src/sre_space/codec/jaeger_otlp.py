"""OTLP spans as Jaeger keeps them and its query API shows them; used by the embedded telemetry server.

The mapping is the one that Jaeger itself uses: OpenTelemetry Collector Contrib, `pkg/translator/jaeger`,
and Jaeger's own sanitizers and adjusters (1.62). Times in a `KeptSpan` are nanoseconds, in the JSON microseconds.
"""

import math
from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from sre_space.codec.otlp import kind_of, request_of, status_of, value_of
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import SpanKind, SpanStatus

NO_RESOURCE, NO_NAME = "OTLPResourceNoServiceName", "empty-service-name"  # Jaeger's words for them
LATEST = 2**63 - 1  # an OTLP time has 64 bits; the last one is of no use to anybody, and too much for SQLite
SAFE_INTEGER = 2**53 - 1  # what JavaScript reads exactly; Jaeger sends larger ones as text

Tag = dict[str, object]


@dataclass(frozen=True)
class KeptSpan:
    """What searches ask for; `alone` is the span by itself under its resource and scope, a `ResourceSpans` message."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    alone: bytes


def kept_spans(body: bytes) -> list[KeptSpan]:
    """The spans of one export request; `Malformed` when it is none, or an id has a wrong length."""
    kept: list[KeptSpan] = []
    for resource_spans in request_of(body).resource_spans:
        service = _service(resource_spans.resource)
        for scope_spans in resource_spans.scope_spans:
            alone = ResourceSpans(resource=resource_spans.resource, scope_spans=[ScopeSpans(scope=scope_spans.scope)])
            kept += [_kept(service, span, alone) for span in scope_spans.spans]
    return kept


def _kept(service: str, span: Span, alone: ResourceSpans) -> KeptSpan:
    if len(span.trace_id) not in (0, 16) or not {len(span.span_id), len(span.parent_span_id)} <= {0, 8}:
        raise Malformed("a trace id has 16 bytes and a span id 8")
    del alone.scope_spans[0].spans[:]
    alone.scope_spans[0].spans.append(span)
    start = min(LATEST, span.start_time_unix_nano)
    return KeptSpan(
        trace_id=span.trace_id.hex().zfill(32),
        span_id=span.span_id.hex().zfill(16),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=kind_of(span).value,
        start=start,
        end=max(start, min(LATEST, span.end_time_unix_nano)),
        alone=alone.SerializeToString(),
    )


def _service(resource: Resource) -> str:
    names = [pair.value.string_value for pair in resource.attributes if pair.key == "service.name"]
    return ((names[0] if names else "") or NO_NAME) if resource.attributes else NO_RESOURCE


def traces_json(alone: Iterable[bytes]) -> list[dict[str, object]]:
    """One object a trace, in the order in which the traces first appear."""
    traces: dict[bytes, list[ResourceSpans]] = {}
    for one in map(ResourceSpans.FromString, alone):
        traces.setdefault(_span(one).trace_id, []).append(one)
    return [_trace_json(trace_id, members) for trace_id, members in traces.items()]


def has_tags(alone: bytes, wanted: frozenset[tuple[str, str]]) -> bool:
    """Does the span have all these tags? Its process's tags and the fields of its events count as its own."""
    one = ResourceSpans.FromString(alone)
    span, keys = _span(one), {key for key, _ in wanted}
    process = (pair for pair in one.resource.attributes if pair.key != "service.name")
    pairs = (*span.attributes, *process, *(pair for event in span.events for pair in event.attributes))
    tags = [_tag(pair) for pair in pairs if pair.key in keys]
    tags += [*_own_tags(one), *(_string("event", event.name) for event in span.events)]
    return wanted.issubset({(str(tag["key"]), _text(tag)) for tag in tags})


def _text(tag: Tag) -> str:
    value = tag["value"]
    match tag["type"]:
        case "bool":
            return str(value).lower()
        case "float64":
            return f"{float(str(value)):.10g}"
        case _:
            return str(value)


def _span(one: ResourceSpans) -> Span:
    return one.scope_spans[0].spans[0]


def _trace_json(trace_id: bytes, members: Sequence[ResourceSpans]) -> dict[str, object]:
    ids: dict[bytes, str] = {}
    processes: dict[str, object] = {}
    spans = []
    for one in members:
        resource = one.resource.SerializeToString(deterministic=True)
        if resource not in ids:
            ids[resource] = f"p{len(ids) + 1}"
            processes[ids[resource]] = _process(one.resource)
        spans.append(_span_json(one, ids[resource]))
    return {"traceID": shown_trace_id(trace_id.hex()), "spans": spans, "processes": processes, "warnings": None}


def shown_trace_id(trace_id: str) -> str:
    """Jaeger shows an id whose upper half is zero as its lower half."""
    whole = trace_id.zfill(32)
    return whole[16:] if not whole[:16].strip("0") else whole


def _span_json(one: ResourceSpans, process: str) -> dict[str, object]:
    span = _span(one)
    return {
        "traceID": shown_trace_id(span.trace_id.hex()),
        "spanID": span.span_id.hex().zfill(16),
        "operationName": span.name,
        "references": _references(span),
        "startTime": span.start_time_unix_nano // 1000,
        "duration": max(0, span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
        "tags": sorted([*map(_tag, span.attributes), *_own_tags(one)], key=_key),
        "logs": _logs(span),
        "processID": process,
        "warnings": None,
    }


def _references(span: Span) -> list[dict[str, str]]:
    """The parent first; a link to the parent only changes the kind of that reference."""
    places: dict[tuple[bytes, bytes], str] = {}
    if span.parent_span_id.strip(b"\0"):
        places[span.trace_id, span.parent_span_id] = "CHILD_OF"
    for link in span.links:
        kinds = [pair.value.string_value for pair in link.attributes if pair.key == "opentracing.ref_type"]
        places[link.trace_id, link.span_id] = "CHILD_OF" if kinds == ["child_of"] else "FOLLOWS_FROM"
    return [
        {"refType": kind, "traceID": shown_trace_id(trace_id.hex()), "spanID": span_id.hex().zfill(16)}
        for (trace_id, span_id), kind in places.items()
    ]


def _process(resource: Resource) -> dict[str, Any]:
    tags = [_tag(pair) for pair in resource.attributes if pair.key != "service.name"]
    return {"serviceName": _service(resource), "tags": sorted(tags, key=_key)}


def _logs(span: Span) -> list[dict[str, Any]]:
    return [{"timestamp": event.time_unix_nano // 1000, "fields": _fields(event)} for event in span.events]


def _fields(event: Span.Event) -> list[Tag]:
    """The event's name first."""
    named = [_string("event", event.name)] if event.name else []
    return named + sorted((_tag(pair) for pair in event.attributes), key=_key)


def _own_tags(one: ResourceSpans) -> list[Tag]:
    """What Jaeger makes tags of beside the attributes."""
    span, scope = _span(one), one.scope_spans[0].scope
    kind, status = kind_of(span), status_of(span)
    told = {
        "internal.span.format": "otlp",
        "otel.scope.name": scope.name,
        "otel.scope.version": scope.version,
        "span.kind": "" if kind is SpanKind.UNSPECIFIED else kind.value,
        "otel.status_code": "" if status is SpanStatus.UNSET else status.name,
        "otel.status_description": span.status.message,
        "w3c.tracestate": span.trace_state,
    }
    tags = [_string(key, value) for key, value in told.items() if value]
    return [*tags, {"key": "error", "type": "bool", "value": True}] if status is SpanStatus.ERROR else tags


def _string(key: str, value: str) -> Tag:
    return {"key": key, "type": "string", "value": value}


def _tag(pair: KeyValue) -> Tag:
    """An attribute; where JSON has no number for a value, its text."""
    if pair.value.WhichOneof("value") == "bytes_value":
        return {"key": pair.key, "type": "binary", "value": b64encode(pair.value.bytes_value).decode()}
    value = value_of(pair.value)
    if isinstance(value, str):
        return _string(pair.key, value)
    if isinstance(value, bool):
        return {"key": pair.key, "type": "bool", "value": value}
    if isinstance(value, float):
        return {"key": pair.key, "type": "float64", "value": value if math.isfinite(value) else str(value)}
    return {"key": pair.key, "type": "int64", "value": value if abs(value) <= SAFE_INTEGER else str(value)}


def _key(tag: Tag) -> str:
    return str(tag["key"])
