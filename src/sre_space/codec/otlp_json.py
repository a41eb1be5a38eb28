"""Parser of OTLP/JSON lines, as the Collector's file exporter writes them, into the columns of `analysis.diagnosis`.

Used by `adapters.telemetry_files`. Tolerates the fields that real exporters leave out; a line that is not a request is
`Malformed` and adds nothing. Reference: OTLP specification, JSON protobuf encoding.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder, SpanRow
from sre_space.analysis.diagnosis.tables import ERROR, OK, Series
from sre_space.codec import span_facts
from sre_space.codec.log_text import severity_of, text_of
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.span_kinds import KINDS
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON; the rows give it types
LATEST = 2**63 - 1

_SPAN_KINDS: Mapping[object, int] = {
    **{f"SPAN_KIND_{kind.name}": number for number, kind in enumerate(KINDS)},
    **{number: number for number in range(len(KINDS))},
}
_STATUSES: Mapping[object, int] = {1: OK, 2: ERROR, "STATUS_CODE_OK": OK, "STATUS_CODE_ERROR": ERROR}
_INSTANCES = ("k8s.pod.name", "service.instance.id", "container.name", "container.id", "host.name")
_PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)
_CUMULATIVE = (2, "AGGREGATION_TEMPORALITY_CUMULATIVE")


class Origin(NamedTuple):
    """The sender of telemetry: `service.name`, the unit (pod, instance, container or host), `service.version`."""

    service: str
    instance: str
    version: str


def add_spans(line: bytes, into: SpanBuilder) -> None:
    """Add the spans of one line; raise `Malformed`, with none added, when the line is not a trace request."""
    mark = len(into.rows)
    try:
        for resource in _request(line, "resourceSpans"):
            _resource_spans(resource, into)
    except _PARSE_ERRORS as error:
        del into.rows[mark:]
        raise _malformed(error) from error
    into.flush()


def add_metrics(line: bytes, into: MetricBuilder) -> None:
    """Add the points of one line; raise `Malformed`, with none added, when the line is not a metric request."""
    mark = len(into.points)
    try:
        for resource in _request(line, "resourceMetrics"):
            origin = _origin(resource)
            for metric in _items(resource, "scopeMetrics", "metrics"):
                _metric(metric, origin, into)
    except _PARSE_ERRORS as error:
        del into.points[mark:]
        raise _malformed(error) from error


def add_logs(line: bytes, into: LogBuilder) -> None:
    """Add the records of one line; raise `Malformed`, with none added, when the line is not a log request."""
    mark = len(into.rows)
    try:
        for resource in _request(line, "resourceLogs"):
            service = into.names[_origin(resource).service]
            for record in _items(resource, "scopeLogs", "logRecords"):
                text = text_of(_value(record.get("body")))
                at = _time(record.get("timeUnixNano") or record.get("observedTimeUnixNano"))
                severity = severity_of(record.get("severityNumber"), record.get("severityText"), text)
                into.rows.append((at, service, severity, into.names[text.message]))
    except _PARSE_ERRORS as error:
        del into.rows[mark:]
        raise _malformed(error) from error


def _request(line: bytes, key: str) -> Sequence[Json]:
    document = json.loads(line)
    if key not in document:
        raise ValueError(f"no {key}")
    resources: Sequence[Json] = document[key] or ()
    return resources


def _malformed(error: Exception) -> Malformed:
    return Malformed(f"no OTLP/JSON request: {type(error).__name__}: {error}")


def _items(resource: Json, scopes: str, items: str) -> Iterator[Json]:
    for scope in resource.get(scopes) or ():
        yield from scope.get(items) or ()


def _origin(resource: Json) -> Origin:
    attributes = _attributes((resource.get("resource") or {}).get("attributes"))
    instance = next((str(attributes[key]) for key in _INSTANCES if attributes.get(key)), "")
    service = str(attributes.get("service.name") or UNKNOWN_SERVICE)
    return Origin(service, instance, str(attributes.get("service.version") or ""))


def _attributes(pairs: Sequence[Json] | None) -> dict[str, Any]:
    return {pair["key"]: _value(pair.get("value")) for pair in pairs or ()}


def _value(value: Json | None) -> Any:  # noqa: ANN401 - an AnyValue
    """Return the value of an AnyValue, "" for an empty one; lists and maps become their JSON text."""
    for kind, plain in (value or {}).items():
        return json.dumps(plain) if kind in ("arrayValue", "kvlistValue") else plain
    return ""


def _time(text: str | int | None) -> int:
    at = int(text or 0)
    if not 0 <= at <= LATEST:
        raise ValueError(f"{at} is no time")
    return at


def _resource_spans(resource: Json, into: SpanBuilder) -> None:
    """Add the spans of one resource; the hot loop of the parser, for up to a million spans."""
    names, rows, wanted = into.names, into.rows, span_facts.WANTED
    origin = _origin(resource)
    service, instance = names[origin.service], names[origin.instance]
    for span in _items(resource, "scopeSpans", "spans"):
        get = span.get
        attributes = tuple(
            [(pair["key"], _value(pair.get("value"))) for pair in get("attributes") or () if pair["key"] in wanted]
        )
        facts = span_facts.facts_of(attributes)
        status = get("status") or {}
        state = ERROR if facts.failed else _STATUSES.get(status.get("code"), 0)
        message = names[str(status.get("message") or _failure(span, attributes))] if state == ERROR else 0
        start = _time(get("startTimeUnixNano"))
        rows.append(
            SpanRow(
                str(get("traceId") or ""),
                str(get("spanId") or ""),
                str(get("parentSpanId") or ""),
                service,
                instance,
                names[span_facts.operation_of(get("name") or "")],
                names[facts.statement],
                names[facts.peer],
                message,
                _SPAN_KINDS.get(get("kind"), 0),
                state,
                facts.code,
                start,
                max(start, _time(get("endTimeUnixNano"))),
            )
        )


def _failure(span: Json, attributes: span_facts.Pairs) -> str:
    """Return the failure of a span without a status message: its exception event's message, else its attributes'."""
    for event in span.get("events") or ():
        message = span_facts.message_of(_attributes(event.get("attributes")))
        if message:
            return message
    return span_facts.message_of(dict(attributes))


def _metric(metric: Json, origin: Origin, into: MetricBuilder) -> None:
    name = str(metric["name"])
    for kind in ("gauge", "sum", "histogram", "exponentialHistogram", "summary"):
        body = metric.get(kind)
        if body:
            cumulative = body.get("aggregationTemporality") in _CUMULATIVE
            cumulative = cumulative and (kind != "sum" or bool(body.get("isMonotonic")))
            for point in body.get("dataPoints") or ():
                _point(point, name, origin, cumulative, into)


def _point(point: Json, name: str, origin: Origin, cumulative: bool, into: MetricBuilder) -> None:
    at = _time(point.get("timeUnixNano"))
    attributes = {key: str(value) for key, value in _attributes(point.get("attributes")).items()}
    source, destination = attributes.pop("source", ""), attributes.pop("destination", "")
    rest = tuple(sorted(attributes.items()))
    for suffix, value in _values(point):
        counter = cumulative and suffix != ".max"
        series = Series(*origin[:2], name + suffix, origin.version, source, destination, rest, counter)
        into.points.append((into.number(series), at, value))


def _values(point: Json) -> Iterator[tuple[str, float]]:
    """Yield suffix and value: a number as it is, a histogram or summary as its count, sum and maximum."""
    for key in ("asDouble", "asInt"):
        if key in point:
            yield "", float(point[key])
            return
    for key, suffix in (("count", ".count"), ("sum", ".sum"), ("max", ".max")):
        if key in point:
            yield suffix, float(point[key])
