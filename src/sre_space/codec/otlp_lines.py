"""Requests of the topics `otlp_logs` and `otlp_metrics` as OTLP/JSON lines: the input format of `sre-space diagnose`.

Used by Brain, so that live evidence and evidence from files go through the same parser (`codec.otlp_json`). Only the
fields that this parser reads are written: no exemplars, bounds or buckets. Reference: OTLP specification, JSON protobuf
encoding.
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
    """Return the log records of `services` in a request, b"" without any; raise `Malformed` if `body` is no request.

    `at` is when the request was received (Unix ns, 0 if unknown): a record without a time gets that time, and with `at`
    known a record with an impossible time is left out.
    """
    request = ExportLogsServiceRequest()
    _parse(request, body, "log")
    resources = []
    for resource in request.resource_logs:
        records = [
            _record(record, time)
            for scope in resource.scope_logs
            for record in scope.log_records
            if _plausible_time(time := record.time_unix_nano or record.observed_time_unix_nano or at, at)
        ]
        resources += _resource(resource, services, {"scopeLogs": [{"logRecords": records}]})
    return _line("resourceLogs", resources)


def metric_line(body: bytes, services: Collection[str], at: int = 0) -> bytes:
    """Return the metrics of `services` in a request, b"" without any; raise `Malformed` if `body` is no request.

    `at` is when the request was received (Unix ns, 0 if unknown): with `at` known a point with an impossible time is
    left out.
    """
    request = ExportMetricsServiceRequest()
    _parse(request, body, "metric")
    resources = []
    for resource in request.resource_metrics:
        metrics = [_metric(metric, at) for scope in resource.scope_metrics for metric in scope.metrics]
        resources += _resource(resource, services, {"scopeMetrics": [{"metrics": metrics}]})
    return _line("resourceMetrics", resources)


def level_line(service: str, name: str, at: int, value: float) -> bytes:
    """Return a line with one gauge sample at `at` (Unix ns), such as a limit that no exporter reports."""
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
    attributes = attributes_of(resource.resource.attributes)
    if attributes.get("service.name") not in services:
        return []
    return [{"resource": {"attributes": _pairs(attributes.items())}, **content}]


def _plausible_time(time: int, at: int) -> bool:
    """Return True when the time is plausible for a request received at `at`, or when `at` is unknown (0)."""
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
    fields: Json = {
        "dataPoints": [_point(point) for point in body.data_points if _plausible_time(point.time_unix_nano, at)]
    }
    if kind not in ("gauge", "summary"):
        fields["aggregationTemporality"] = body.aggregation_temporality
    if kind == "sum":
        fields["isMonotonic"] = body.is_monotonic
    return {"name": metric.name, _CAMEL.get(kind, kind): fields}


def _point(point: Any) -> Json:  # noqa: ANN401 - any of the five kinds of points
    fields: Json = {
        "timeUnixNano": str(point.time_unix_nano),
        "attributes": _pairs(attributes_of(point.attributes).items()),
    }
    fields.update(_values(point))
    return fields


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
    """Return a request as one line; NaN and infinity, which JSON lacks, are written as Python's `json` reads them."""
    return json.dumps({key: resources}, separators=(",", ":")).encode() + b"\n" if resources else b""
