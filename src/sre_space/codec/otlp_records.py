"""Export requests as records on Kafka; used by the embedded telemetry server.

A request becomes one record, as in the Collector's Kafka exporter. A request that a broker would refuse for its size is
split into several requests, where the Collector would drop it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from sre_space.domain.errors import Malformed

RECORD_BYTES = 900_000  # Kafka's brokers and clients accept 1 MiB by default, including what they add to a value


@dataclass(frozen=True)
class SignalLevels:
    """A kind of export request: the names of its nested fields, its response, and that response's count of rejects."""

    request: type[Message]
    resources: str
    scopes: str
    items: str
    response: Callable[..., Message]
    rejected: str


SIGNALS = {
    "traces": SignalLevels(
        ExportTraceServiceRequest, "resource_spans", "scope_spans", "spans",
        ExportTraceServiceResponse, "rejected_spans",
    ),
    "logs": SignalLevels(
        ExportLogsServiceRequest, "resource_logs", "scope_logs", "log_records",
        ExportLogsServiceResponse, "rejected_log_records",
    ),
    "metrics": SignalLevels(
        ExportMetricsServiceRequest, "resource_metrics", "scope_metrics", "metrics",
        ExportMetricsServiceResponse, "rejected_data_points",
    ),
}  # fmt: skip


def request_of(signal: str, body: bytes) -> Message:
    """Return the export request in `body`; raise `Malformed` when the bytes are not one of this signal."""
    request = SIGNALS[signal].request()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP {signal} request: {error}") from error
    return request


def records_of(signal: str, body: bytes, limit: int = RECORD_BYTES) -> list[bytes]:
    """Return the request as received, or split into several of at most `limit` bytes with the items in order.

    A single item above `limit` is a record all the same: it cannot be split. Raise `Malformed` if `body` is no request.
    """
    request = request_of(signal, body)
    return [body] if len(body) <= limit else _cut(request, SIGNALS[signal], limit)


def _cut(request: Message, levels: SignalLevels, limit: int) -> list[bytes]:
    """Return the request halved again and again until each part fits or has a single item."""
    body = request.SerializeToString()
    count = sum(
        len(getattr(scope, levels.items))
        for resource in getattr(request, levels.resources)
        for scope in getattr(resource, levels.scopes)
    )
    if len(body) <= limit or count <= 1:
        return [body]
    records = []
    for start, stop in ((0, count // 2), (count // 2, count)):
        half = levels.request()
        half.CopyFrom(request)
        _keep(half, levels, start, stop)
        records += _cut(half, levels, limit)
    return records


def _keep(request: Message, levels: SignalLevels, start: int, stop: int) -> None:
    """Delete all items except numbers `start` to `stop` - 1, and then every empty scope and resource."""
    position = 0
    resources = getattr(request, levels.resources)
    for resource in resources:
        scopes = getattr(resource, levels.scopes)
        for scope in scopes:
            items = getattr(scope, levels.items)
            first, last = max(0, start - position), max(0, stop - position)
            position += len(items)
            del items[last:]
            del items[:first]
        _drop_empty(scopes, levels.items)
    _drop_empty(resources, levels.scopes)


def _drop_empty(parents: "list[Message]", children: str) -> None:
    for number in reversed(range(len(parents))):
        if not getattr(parents[number], children):
            del parents[number]
