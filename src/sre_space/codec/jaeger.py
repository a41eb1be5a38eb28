"""Parser of Jaeger's query JSON (`/api/traces`, times in microseconds) into spans. Used by `adapters.jaeger`."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sre_space.codec.otlp import Value
from sre_space.codec.span_kinds import NUMBERS
from sre_space.domain.errors import Malformed
from sre_space.domain.telemetry import Span, SpanKind, SpanStatus

_NOT_ATTRIBUTES = ("internal.span.format", "otel.scope.name", "otel.scope.version", "w3c.tracestate")
Json = Mapping[str, Any]  # foreign JSON; `_span` turns it into a type


def spans_from(data: Iterable[Json]) -> list[Span]:
    """Return the spans of the `data` of a query answer, newest trace first; raise `Malformed` naming what is missing.

    Jaeger returns traces in no particular order. Ids get back the leading zeros that Jaeger drops, and tags that Jaeger
    adds do not become attributes, so each span equals the one that OTLP carried.
    """
    try:
        traces = [[_span(span, trace["processes"]) for span in trace["spans"]] for trace in data]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Malformed(f"the answer is not a Jaeger trace: {error!r}") from error
    newest = sorted(traces, key=lambda spans: min((span.start for span in spans), default=0), reverse=True)
    return [span for spans in newest for span in spans]


def spans_of(document: bytes) -> list[Span]:
    """Return the spans of a whole query answer, as a bundle holds it; raise `Malformed` as above."""
    try:
        data = json.loads(document)["data"] or ()
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Malformed(f"an answer that is not Jaeger's JSON: {error!r}") from error
    return spans_from(data)


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
    """Return a tag's value; Jaeger sends integers above 2**53 and NaN or infinity as text."""
    value: Value = tag["value"]
    match tag.get("type"):
        case "int64":
            return int(value)
        case "float64":
            return float(value)
        case _:
            return value


def _parent(span: Json) -> str:
    """Return the id of the parent span, "" for a root; a CHILD_OF link to another trace is not the parent."""
    references = span.get("references") or ()
    parents = [
        reference["spanID"]
        for reference in references
        if reference["refType"] == "CHILD_OF" and reference["traceID"] == span["traceID"]
    ]
    return str(parents[0]).zfill(16) if parents else ""


def merged(documents: Sequence[bytes]) -> bytes:
    """Return several of Jaeger's answers as one, each trace once; a single answer as it is.

    Raise `Malformed` when one of several is not Jaeger's JSON.
    """
    if len(documents) == 1:
        return documents[0]
    traces: dict[str, Any] = {}
    for document in documents:
        try:
            for trace in json.loads(document)["data"] or ():
                traces.setdefault(str(trace["traceID"]), trace)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Malformed(f"an answer that is not Jaeger's JSON: {error!r}") from error
    return json.dumps({"data": list(traces.values())}).encode()
