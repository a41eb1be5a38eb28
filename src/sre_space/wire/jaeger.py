"""Jaeger's query JSON (`/api/traces`) to spans and back; times there are microseconds."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

_KINDS = {kind.value for kind in SpanKind}
Json = Mapping[str, Any]  # foreign JSON; `_span` turns it into a type


def traces_json(spans: Iterable[Span]) -> list[dict[str, object]]:
    """One object a trace, in the order in which the traces first appear."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    return [_trace_json(trace_id, members) for trace_id, members in traces.items()]


def _trace_json(trace_id: str, spans: Sequence[Span]) -> dict[str, object]:
    services = sorted({span.service for span in spans})
    process = {service: f"p{number}" for number, service in enumerate(services, 1)}
    return {
        "traceID": trace_id,
        "spans": [_span_json(span, process[span.service]) for span in spans],
        "processes": {process[service]: {"serviceName": service, "tags": []} for service in services},
        "warnings": None,
    }


def _span_json(span: Span, process: str) -> dict[str, object]:
    parent = {"refType": "CHILD_OF", "traceID": span.trace_id, "spanID": span.parent_id}
    return {
        "traceID": span.trace_id,
        "spanID": span.span_id,
        "operationName": span.name,
        "references": [parent] if span.parent_id else [],
        "startTime": span.start // 1000,
        "duration": span.end // 1000 - span.start // 1000,
        "tags": [_tag(key, value) for key, value in (*_status_tags(span), *span.attributes.items())],
        "logs": [],
        "processID": process,
        "warnings": None,
    }


def _status_tags(span: Span) -> list[tuple[str, str | bool]]:
    tags: list[tuple[str, str | bool]] = []
    if span.kind is not SpanKind.UNSPECIFIED:
        tags.append(("span.kind", span.kind.value))
    if span.status is not SpanStatus.UNSET:
        tags.append(("otel.status_code", span.status.name))
    if span.status is SpanStatus.ERROR:
        tags.append(("error", True))
    if span.status_message:
        tags.append(("otel.status_description", span.status_message))
    return tags


def _tag(key: str, value: str | int | float | bool) -> dict[str, object]:
    kinds = {bool: "bool", int: "int64", float: "float64", str: "string"}
    return {"key": key, "type": kinds[type(value)], "value": value}


def spans_from(data: Iterable[Json]) -> list[Span]:
    """The spans of `data` in a query answer; `Malformed` names what is missing."""
    try:
        return [_span(span, trace["processes"]) for trace in data for span in trace["spans"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the answer is no Jaeger trace: {error!r}") from error


def _span(span: Json, processes: Json) -> Span:
    tags = {tag["key"]: tag["value"] for tag in span.get("tags") or ()}
    parents = [reference["spanID"] for reference in span.get("references") or () if reference["refType"] == "CHILD_OF"]
    kind = tags.pop("span.kind", "")
    code = str(tags.pop("otel.status_code", ""))
    failed = tags.pop("error", False) in (True, "true")
    start = int(span["startTime"]) * 1000
    return Span(
        trace_id=span["traceID"],
        span_id=span["spanID"],
        parent_id=parents[0] if parents else "",
        service=processes[span["processID"]]["serviceName"],
        name=span["operationName"],
        kind=SpanKind(kind) if kind in _KINDS else SpanKind.UNSPECIFIED,
        start=start,
        end=start + int(span["duration"]) * 1000,
        status=SpanStatus.ERROR if failed or code == "ERROR" else SpanStatus.OK if code == "OK" else SpanStatus.UNSET,
        status_message=str(tags.pop("otel.status_description", "")),
        attributes=tags,
    )
