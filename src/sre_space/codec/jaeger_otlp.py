"""OTLP spans as Jaeger stores them and as its query API returns them; used by the embedded telemetry server.

The mapping is the one that Jaeger itself uses: OpenTelemetry Collector Contrib, `pkg/translator/jaeger`,
and Jaeger's own sanitizers and adjusters (1.62). Times in a `StoredSpan` are nanoseconds, in the JSON microseconds.
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

NO_RESOURCE, NO_NAME = "OTLPResourceNoServiceName", "empty-service-name"  # as Jaeger names such services
LATEST = 2**63 - 1  # an OTLP time has 64 unsigned bits; SQLite stores 63
SAFE_INTEGER = 2**53 - 1  # the largest integer that JavaScript reads exactly; Jaeger sends larger ones as text

Tag = dict[str, object]


@dataclass(frozen=True)
class StoredSpan:
    """A stored span: the fields that searches use, and `alone`, a `ResourceSpans` message with this span only."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    start: int
    end: int
    alone: bytes


def stored_spans(body: bytes) -> list[StoredSpan]:
    """Return the spans of an export request; raise `Malformed` if it is not one or an id has a wrong length."""
    kept: list[StoredSpan] = []
    for resource_spans in request_of(body).resource_spans:
        service = _service(resource_spans.resource)
        for scope_spans in resource_spans.scope_spans:
            alone = ResourceSpans(resource=resource_spans.resource, scope_spans=[ScopeSpans(scope=scope_spans.scope)])
            kept += [_kept(service, span, alone) for span in scope_spans.spans]
    return kept


def _kept(service: str, span: Span, alone: ResourceSpans) -> StoredSpan:
    if len(span.trace_id) not in (0, 16) or not {len(span.span_id), len(span.parent_span_id)} <= {0, 8}:
        raise Malformed("a trace id has 16 bytes and a span id 8")
    del alone.scope_spans[0].spans[:]
    alone.scope_spans[0].spans.append(span)
    start = min(LATEST, span.start_time_unix_nano)
    return StoredSpan(
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
    """Return one JSON object per trace, in the order in which the traces first appear in the given messages."""
    traces: dict[bytes, list[ResourceSpans]] = {}
    for resource_spans in map(ResourceSpans.FromString, alone):
        traces.setdefault(_span(resource_spans).trace_id, []).append(resource_spans)
    return [_trace_json(trace_id, members) for trace_id, members in traces.items()]


def has_tags(alone: bytes, wanted: frozenset[tuple[str, str]]) -> bool:
    """Return True when the span has all these tags; tags of its process and fields of its events count too."""
    resource_spans = ResourceSpans.FromString(alone)
    span, keys = _span(resource_spans), {key for key, _ in wanted}
    process = (pair for pair in resource_spans.resource.attributes if pair.key != "service.name")
    pairs = (*span.attributes, *process, *(pair for event in span.events for pair in event.attributes))
    tags = [_tag(pair) for pair in pairs if pair.key in keys]
    tags += [*_own_tags(resource_spans), *(_string("event", event.name) for event in span.events)]
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


def _span(resource_spans: ResourceSpans) -> Span:
    return resource_spans.scope_spans[0].spans[0]


def _trace_json(trace_id: bytes, members: Sequence[ResourceSpans]) -> dict[str, object]:
    ids: dict[bytes, str] = {}
    processes: dict[str, object] = {}
    spans = []
    for resource_spans in members:
        resource = resource_spans.resource.SerializeToString(deterministic=True)
        if resource not in ids:
            ids[resource] = f"p{len(ids) + 1}"
            processes[ids[resource]] = _process(resource_spans.resource)
        spans.append(_span_json(resource_spans, ids[resource]))
    return {"traceID": shown_trace_id(trace_id.hex()), "spans": spans, "processes": processes, "warnings": None}


def shown_trace_id(trace_id: str) -> str:
    """Return the id as Jaeger shows it: without its upper half when that is zero."""
    whole = trace_id.zfill(32)
    return whole[16:] if not whole[:16].strip("0") else whole


def _span_json(resource_spans: ResourceSpans, process: str) -> dict[str, object]:
    span = _span(resource_spans)
    return {
        "traceID": shown_trace_id(span.trace_id.hex()),
        "spanID": span.span_id.hex().zfill(16),
        "operationName": span.name,
        "references": _references(span),
        "startTime": span.start_time_unix_nano // 1000,
        "duration": max(0, span.end_time_unix_nano - span.start_time_unix_nano) // 1000,
        "tags": sorted([*map(_tag, span.attributes), *_own_tags(resource_spans)], key=_key),
        "logs": _logs(span),
        "processID": process,
        "warnings": None,
    }


def _references(span: Span) -> list[dict[str, str]]:
    """Return the references, the parent first; a link to the parent only changes the kind of that reference."""
    references: dict[tuple[bytes, bytes], str] = {}
    if span.parent_span_id.strip(b"\0"):
        references[span.trace_id, span.parent_span_id] = "CHILD_OF"
    for link in span.links:
        kinds = [pair.value.string_value for pair in link.attributes if pair.key == "opentracing.ref_type"]
        references[link.trace_id, link.span_id] = "CHILD_OF" if kinds == ["child_of"] else "FOLLOWS_FROM"
    return [
        {"refType": kind, "traceID": shown_trace_id(trace_id.hex()), "spanID": span_id.hex().zfill(16)}
        for (trace_id, span_id), kind in references.items()
    ]


def _process(resource: Resource) -> dict[str, Any]:
    tags = [_tag(pair) for pair in resource.attributes if pair.key != "service.name"]
    return {"serviceName": _service(resource), "tags": sorted(tags, key=_key)}


def _logs(span: Span) -> list[dict[str, Any]]:
    return [{"timestamp": event.time_unix_nano // 1000, "fields": _fields(event)} for event in span.events]


def _fields(event: Span.Event) -> list[Tag]:
    """Return the fields of an event: its name first, then its attributes sorted by key."""
    named = [_string("event", event.name)] if event.name else []
    return named + sorted((_tag(pair) for pair in event.attributes), key=_key)


def _own_tags(resource_spans: ResourceSpans) -> list[Tag]:
    """Return the tags that Jaeger derives from a span's other fields (scope, kind, status, trace state)."""
    span, scope = _span(resource_spans), resource_spans.scope_spans[0].scope
    kind, status = kind_of(span), status_of(span)
    derived = {
        "internal.span.format": "otlp",
        "otel.scope.name": scope.name,
        "otel.scope.version": scope.version,
        "span.kind": "" if kind is SpanKind.UNSPECIFIED else kind.value,
        "otel.status_code": "" if status is SpanStatus.UNSET else status.name,
        "otel.status_description": span.status.message,
        "w3c.tracestate": span.trace_state,
    }
    tags = [_string(key, value) for key, value in derived.items() if value]
    return [*tags, {"key": "error", "type": "bool", "value": True}] if status is SpanStatus.ERROR else tags


def _string(key: str, value: str) -> Tag:
    return {"key": key, "type": "string", "value": value}


def _tag(pair: KeyValue) -> Tag:
    """Return an attribute as a tag; a value that no JSON number represents exactly becomes text."""
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
