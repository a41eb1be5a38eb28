"""Requests of the topics `otlp_logs` and `otlp_metrics` as OTLP/JSON lines: the input format of `sre-space diagnose`.

Used by the Brain, whose evidence is read by the one reader of files (`wire.otlp_json`), live and later. Only what that
reader looks at is written: no exemplars, bounds or buckets. Reference: OTLP specification, JSON protobuf encoding.
"""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric

from sre_space.codec.otlp import attributes_of
from sre_space.domain.errors import Malformed
from sre_space.domain.event_time import plausible

Json = dict[str, Any]  # a JSON object under construction
_CAMEL = {"exponential_histogram": "exponentialHistogram"}


def log_line(body: bytes, services: Collection[str], at: int = 0) -> bytes:
    """The log records of `services` in one request, b"" when it has none; `Malformed` when it is no request.

    When it is told `at` which Unix ns it was heard of, a record without a time is of then, and one of an impossible
    time is left out.
    """
    request = ExportLogsServiceRequest()
    _parse(request, body, "log")
    found = []
    for resource in request.resource_logs:
        records = [
            _record(one, time)
            for scope in resource.scope_logs
            for one in scope.log_records
            if _timely(time := one.time_unix_nano or one.observed_time_unix_nano or at, at)
        ]
        found += _resource(resource, services, {"scopeLogs": [{"logRecords": records}]})
    return _line("resourceLogs", found)


def metric_line(body: bytes, services: Collection[str], at: int = 0) -> bytes:
    """The metrics of `services` in one request, b"" when it has none; `Malformed` when it is no request.

    When it is told `at` which Unix ns it was heard of, a point of an impossible time is left out.
    """
    request = ExportMetricsServiceRequest()
    _parse(request, body, "metric")
    found = []
    for resource in request.resource_metrics:
        metrics = [_metric(one, at) for scope in resource.scope_metrics for one in scope.metrics]
        found += _resource(resource, services, {"scopeMetrics": [{"metrics": metrics}]})
    return _line("resourceMetrics", found)


def level_line(service: str, name: str, at: int, value: float) -> bytes:
    """One sample of a gauge, which the doctor knows from elsewhere (a limit); `at` in Unix ns."""
    point = {"timeUnixNano": str(at), "asDouble": value}
    metric = {"name": name, "gauge": {"dataPoints": [point]}}
    resource = {"attributes": _pairs((("service.name", service),))}
    return _line("resourceMetrics", [{"resource": resource, "scopeMetrics": [{"metrics": [metric]}]}])


def _parse(request: Any, body: bytes, what: str) -> None:  # noqa: ANN401 - protobuf's messages have no common type with ParseFromString
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP {what} request: {error}") from error


def _resource(resource: Any, services: Collection[str], content: Json) -> list[Json]:  # noqa: ANN401 - either signal's
    told = attributes_of(resource.resource.attributes)
    if told.get("service.name") not in services:
        return []
    return [{"resource": {"attributes": _pairs(told.items())}, **content}]


def _timely(time: int, at: int) -> bool:
    """Unless nobody knows when it was heard of."""
    return not at or plausible(time, at)


def _record(record: Any, time: int) -> Json:  # noqa: ANN401 - protobuf
    return {
        "timeUnixNano": str(time),
        "severityNumber": record.severity_number,
        "severityText": record.severity_text,
        "body": {"stringValue": str(attributes_of((KeyValue(key="body", value=record.body),))["body"])},
    }


def _metric(metric: Metric, at: int) -> Json:
    kind = metric.WhichOneof("data")
    if kind is None:
        return {"name": metric.name}
    body = getattr(metric, kind)
    told: Json = {"dataPoints": [_point(point) for point in body.data_points if _timely(point.time_unix_nano, at)]}
    if kind not in ("gauge", "summary"):
        told["aggregationTemporality"] = body.aggregation_temporality
    if kind == "sum":
        told["isMonotonic"] = body.is_monotonic
    return {"name": metric.name, _CAMEL.get(kind, kind): told}


def _point(point: Any) -> Json:  # noqa: ANN401 - any of the five kinds of points
    told: Json = {
        "timeUnixNano": str(point.time_unix_nano),
        "attributes": _pairs(attributes_of(point.attributes).items()),
    }
    told.update(_values(point))
    return told


def _values(point: Any) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - same
    fields = point.DESCRIPTOR.fields_by_name
    if "as_double" in fields:
        case = point.WhichOneof("value")
        if case is not None:
            yield ("asDouble", point.as_double) if case == "as_double" else ("asInt", str(point.as_int))
        return
    yield "count", str(point.count)
    for name in ("sum", "max"):
        if name in fields and (not fields[name].has_presence or point.HasField(name)):
            yield name, getattr(point, name)


def _pairs(pairs: Iterable[tuple[str, object]]) -> list[Json]:
    return [{"key": key, "value": {"stringValue": str(value)}} for key, value in pairs]


def _line(key: str, resources: list[Json]) -> bytes:
    """A number that JSON has not (an infinite one) is written as Python's reader takes it back."""
    return json.dumps({key: resources}, separators=(",", ":")).encode() + b"\n" if resources else b""
