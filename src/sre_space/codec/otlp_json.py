"""Parser of OTLP requests in JSON, as the Collector's file exporter writes them, into columns of `analysis.diagnosis`.

Tolerates the fields that real exporters leave out and the spellings that they write. An item (span, point, record) that
cannot be read is lost alone, and counted; a document that is no request is `Malformed`. Reference: OTLP specification,
JSON protobuf encoding.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sre_space.analysis.diagnosis.building import LogBuilder, LogRow, MetricBuilder, SpanBuilder
from sre_space.codec.log_ids import ids_of
from sre_space.codec.log_text import severity_beside, severity_of, text_of, with_failure
from sre_space.codec.lost import PARSE_ERRORS, Lost
from sre_space.codec.origins import Origin, origin_of, service_of
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.otlp_points import add_metric
from sre_space.codec.otlp_spans import add_resource_spans
from sre_space.codec.plain_values import attributes_of, plain_value
from sre_space.codec.spelling import camel
from sre_space.codec.times import nanoseconds
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON; the rows give it types
_SCOPES = {  # by the name of the items: the lists that hold them, today's and that of OTLP before 0.15
    "spans": ("scopeSpans", "instrumentationLibrarySpans"),
    "metrics": ("scopeMetrics", "instrumentationLibraryMetrics"),
    "logRecords": ("scopeLogs", "instrumentationLibraryLogs"),
}


def add_spans(line: bytes, into: SpanBuilder) -> Lost:
    """Add the spans of one line; return what was lost; raise `Malformed` when the line is not a trace request."""
    return add_resources_of_spans(_request(line, "resourceSpans"), into)


def add_metrics(line: bytes, into: MetricBuilder) -> Lost:
    """Add the points of one line; return what was lost; raise `Malformed` when the line is not a metric request."""
    return add_resources_of_metrics(_request(line, "resourceMetrics"), into)


def add_logs(line: bytes, into: LogBuilder) -> Lost:
    """Add the records of one line; return what was lost; raise `Malformed` when the line is not a log request."""
    return add_resources_of_logs(_request(line, "resourceLogs"), into)


def add_resources_of_spans(resources: Sequence[Json], into: SpanBuilder) -> Lost:
    """Add the spans of `resourceSpans`, and return what was lost."""
    lost = Lost()
    for resource, origin in _resources(resources, lost):
        with lost.guard("spans of a resource"):
            add_resource_spans(_items(resource, "spans"), origin, into, lost)
    into.flush()
    return lost


def add_resources_of_metrics(resources: Sequence[Json], into: MetricBuilder) -> Lost:
    """Add the points of `resourceMetrics`, and return what was lost."""
    return _add_each(
        resources, "metrics", "metric", lambda metric, origin, lost: add_metric(metric, origin, into, lost)
    )


def add_resources_of_logs(resources: Sequence[Json], into: LogBuilder) -> Lost:
    """Add the records of `resourceLogs`, and return what was lost."""
    return _add_each(resources, "logRecords", "log record", lambda record, origin, _: _record(record, origin, into))


def _add_each(resources: Sequence[Json], key: str, kind: str, add: Callable[[Json, Origin, Lost], None]) -> Lost:
    """Add each item of the resources, and return what was lost: an item that cannot be read costs that item."""
    lost = Lost()
    for resource, origin in _resources(resources, lost):
        with lost.guard(f"{kind}s of a resource"):
            for item in _items(resource, key):
                with lost.guard(kind):
                    add(item, origin, lost)
    return lost


def _record(record: Json, origin: Origin, into: LogBuilder) -> None:
    attributes = attributes_of(record.get("attributes"))
    body = plain_value(record.get("body"))
    text = with_failure(text_of(body), attributes)
    at = nanoseconds(record.get("timeUnixNano")) or nanoseconds(record.get("observedTimeUnixNano"))
    if at < 0:
        raise ValueError("a time before 1970")
    severity = severity_of(record.get("severityNumber"), record.get("severityText"), text) or severity_beside(
        attributes
    )
    service = service_of(attributes) if origin.service == UNKNOWN_SERVICE else origin.service
    trace, span = ids_of(record, attributes, body if isinstance(body, str) else text.message)
    ids = into.ids[trace], into.ids[span]
    into.rows.append(LogRow(at, into.names[service], severity, into.names[text.message], *ids))


def _resources(resources: Sequence[Json], lost: Lost) -> Iterator[tuple[Json, Origin]]:
    """Yield each resource with its sender; a resource that cannot be read is lost with all that it holds."""
    for resource in resources or ():
        with lost.guard("resource"):
            yield resource, origin_of(attributes_of((resource.get("resource") or {}).get("attributes")))


def _items(resource: Json, kind: str) -> Iterator[Json]:
    for scopes in _SCOPES[kind]:
        for scope in resource.get(scopes) or ():
            yield from scope.get(kind) or (kind == "logRecords" and scope.get("logs")) or ()  # `logs` before OTLP 0.12


def _request(line: bytes, key: str) -> Sequence[Json]:
    try:
        document = camel(json.loads(line))
        if key not in document:
            raise ValueError(f"no {key}")
        resources: Sequence[Json] = document[key] or ()
        return list(resources)
    except PARSE_ERRORS as error:
        raise Malformed(f"no OTLP/JSON request: {type(error).__name__}: {error}") from error
