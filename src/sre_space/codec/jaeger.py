"""Jaeger's query JSON (`/api/traces`) to spans; times there are microseconds. Used by `adapters.jaeger`."""

from collections.abc import Iterable, Mapping
from typing import Any

from sre_space.codec.otlp import Value
from sre_space.codec.span_kinds import NUMBERS
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

_NOT_ATTRIBUTES = ("internal.span.format", "otel.scope.name", "otel.scope.version", "w3c.tracestate")
Json = Mapping[str, Any]  # foreign JSON; `_span` turns it into a type


def spans_from(data: Iterable[Json]) -> list[Span]:
    """The spans of `data` in a query answer, newest trace first; `Malformed` names what is missing.

    Jaeger's own order is none. Ids get the leading zeros back that Jaeger leaves out, and the tags
    that Jaeger adds by itself are no attributes, so that a span equals the one that OTLP carried.
    """
    try:
        traces = [[_span(span, trace["processes"]) for span in trace["spans"]] for trace in data]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the answer is no Jaeger trace: {error!r}") from error
    newest = sorted(traces, key=lambda spans: min((span.start for span in spans), default=0), reverse=True)
    return [span for spans in newest for span in spans]


def _span(span: Json, processes: Json) -> Span:
    tags = {tag["key"]: _value(tag) for tag in span.get("tags") or ()}
    for key in _NOT_ATTRIBUTES:
        tags.pop(key, None)
    kind = tags.pop("span.kind", "")
    code = str(tags.pop("otel.status_code", ""))
    failed = tags.pop("error", False) in (True, "true")
    start = int(span["startTime"]) * 1000
    return Span(
        trace_id=span["traceID"].zfill(32),
        span_id=span["spanID"].zfill(16),
        parent_id=_parent(span),
        service=processes[span["processID"]]["serviceName"],
        name=span["operationName"],
        kind=SpanKind(kind) if kind in NUMBERS else SpanKind.UNSPECIFIED,
        start=start,
        end=start + int(span["duration"]) * 1000,
        status=SpanStatus.ERROR if failed or code == "ERROR" else SpanStatus.OK if code == "OK" else SpanStatus.UNSET,
        status_message=str(tags.pop("otel.status_description", "")),
        attributes=tags,
    )


def _value(tag: Json) -> Value:
    """Integers above 2**53, and numbers that JSON has not, come as text."""
    value: Value = tag["value"]
    match tag.get("type"):
        case "int64":
            return int(value)
        case "float64":
            return float(value)
        case _:
            return value


def _parent(span: Json) -> str:
    """A link may say CHILD_OF too, but of another trace."""
    references = span.get("references") or ()
    parents = [
        one["spanID"] for one in references if one["refType"] == "CHILD_OF" and one["traceID"] == span["traceID"]
    ]
    return str(parents[0]).zfill(16) if parents else ""
