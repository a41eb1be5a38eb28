"""Telemetry as tools in the field write it: the shop's spans in foreign JSON, lines of logs, points of metrics."""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from support.shop import Made

Json = dict[str, Any]
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
NOW = 1_790_000_000 * 10**9  # a date, Unix ns


def pairs(attributes: Mapping[str, object]) -> list[Json]:
    """Return attributes as OTLP writes them."""
    return [{"key": key, "value": value_of(value)} for key, value in attributes.items()]


def value_of(value: object) -> Json:
    """Return an AnyValue."""
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case dict():
            return {"kvlistValue": {"values": pairs(value)}}
        case _:
            return {"stringValue": value}


def otlp_span(span: Made, **more: object) -> Json:
    """Return a span in OTLP/JSON."""
    attributes: dict[str, object] = {"peer.service": span.peer} if span.peer else {}
    if span.statement:
        attributes["db.statement"] = span.statement
    status = {"code": span.status, "message": span.message} if span.status else {}
    return {
        "traceId": span.trace,
        "spanId": span.id,
        "parentSpanId": span.parent,
        "name": span.operation,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start),
        "endTimeUnixNano": str(span.end),
        "attributes": pairs(attributes),
        "status": status,
        **more,
    }


def otlp(spans: Iterable[Made], change: Callable[[Json, Made], Json] = lambda told, _: told) -> Json:
    """Return one OTLP request with these spans, each as `change` returns it."""
    by_service = sorted(spans, key=lambda span: span.service)
    resources = [
        {
            "resource": {"attributes": pairs({"service.name": service})},
            "scopeSpans": [{"spans": [change(otlp_span(span), span) for span in members]}],
        }
        for service, members in groupby(by_service, key=lambda span: span.service)
    ]
    return {"resourceSpans": resources}


def jaeger_trace(spans: Iterable[Made], trace: str) -> Json:
    """Return one trace as Jaeger's query answers it."""
    members = [span for span in spans if span.trace == trace]
    services = sorted({span.service for span in members})
    return {
        "traceID": trace,
        "spans": [_jaeger_span(span, services) for span in members],
        "processes": {f"p{number}": {"serviceName": name, "tags": []} for number, name in enumerate(services)},
    }


def jaeger(spans: Iterable[Made]) -> list[Json]:
    """Return the traces as Jaeger's query answers them."""
    kept = list(spans)
    return [jaeger_trace(kept, trace) for trace in dict.fromkeys(span.trace for span in kept)]


def _jaeger_span(span: Made, services: list[str]) -> Json:
    tags: list[Json] = [{"key": "span.kind", "type": "string", "value": KINDS[span.kind]}]
    if span.statement:
        tags.append({"key": "db.statement", "type": "string", "value": span.statement})
    parent = [{"refType": "CHILD_OF", "traceID": span.trace, "spanID": span.parent}] if span.parent else []
    return {
        "traceID": span.trace,
        "spanID": span.id,
        "operationName": span.operation,
        "references": parent,
        "startTime": span.start // 1000,
        "duration": (span.end - span.start) // 1000,
        "tags": tags,
        "logs": [],
        "processID": f"p{services.index(span.service)}",
    }


def zipkin(spans: Iterable[Made]) -> list[Json]:
    """Return the spans as Zipkin's API v2 answers them."""
    return [
        {
            "traceId": span.trace,
            "id": span.id,
            **({"parentId": span.parent} if span.parent else {}),
            "name": span.operation,
            **({"kind": KINDS[span.kind].upper()} if span.kind > 1 else {}),
            "timestamp": span.start // 1000,
            "duration": (span.end - span.start) // 1000,
            "localEndpoint": {"serviceName": span.service},
            "tags": {"sql.query": span.statement} if span.statement else {},
        }
        for span in spans
    ]


def log_request(service: str, *records: Json) -> Json:
    """Return one OTLP request with log records."""
    resource = {"attributes": pairs({"service.name": service})}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": list(records)}]}]}


def log_record(number: int, body: object, **more: object) -> Json:
    """Return a log record, the `number`-th of a window, 15 s apart."""
    return {"timeUnixNano": str(NOW + number * 15 * 10**9), "body": value_of(body), **more}


def metric_request(resource: Mapping[str, object], *metrics: Json) -> Json:
    """Return one OTLP request with metrics."""
    held = {"resource": {"attributes": pairs(resource)}, "scopeMetrics": [{"metrics": list(metrics)}]}
    return {"resourceMetrics": [held]}


def counter(name: str, step: float, attributes: Mapping[str, object] | None = None, seconds: int = 15) -> Json:
    """Return a cumulative counter of eight points that grows by about `step` each."""
    points = [
        {
            "timeUnixNano": str(NOW + number * seconds * 10**9),
            "asDouble": 1000.0 + step * number * (1 + 0.01 * (number % 3)),
            "attributes": pairs(attributes or {}),
        }
        for number in range(8)
    ]
    return {"name": name, "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": points}}


def histogram(name: str, count: float, mean: float, kind: str = "histogram") -> Json:
    """Return a cumulative histogram, or a summary, of eight points: `count` more each, of about this `mean`."""
    points = [
        {
            "timeUnixNano": str(NOW + number * 15 * 10**9),
            "count": str(int(500 + count * number)),
            "sum": 25.0 + mean * count * number * (1 + 0.01 * (number % 3)),
        }
        for number in range(8)
    ]
    return {"name": name, kind: {"aggregationTemporality": 2, "dataPoints": points}}


def gauge(name: str, values: Iterable[float]) -> Json:
    """Return a gauge, its points 15 s apart."""
    points = [
        {"timeUnixNano": str(NOW + number * 15 * 10**9), "asDouble": value} for number, value in enumerate(values)
    ]
    return {"name": name, "gauge": {"dataPoints": points}}


def written(folder: Path, name: str, *documents: object) -> Path:
    """Return a folder with one file more: a document each line."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("".join(json.dumps(document) + "\n" for document in documents))
    return folder
