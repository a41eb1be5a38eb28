"""Resource usage of processes, read from OTLP metric requests by the semantic conventions."""

from collections.abc import Iterator
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, NumberDataPoint

from sre_space.codec.otlp import UNKNOWN_SERVICE, attributes_of
from sre_space.domain.errors import Malformed

PREFIXES = ("process.", "db.client.connection.")
MEMORY_LIMIT = "k8s.container.memory.limit"


@dataclass(frozen=True)
class ResourceLevel:
    """One sample of one metric: `instance` names the process (`service.instance.id`), `at` in Unix ns."""

    service: str
    instance: str
    name: str
    at: int
    value: float


def levels_of(body: bytes) -> Iterator[ResourceLevel]:
    """Yield the samples of `process.*`, of pool connections in use, and of a container's memory limit.

    Raise `Malformed` if `body` is no request.
    """
    request = ExportMetricsServiceRequest()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise Malformed(f"{len(body)} bytes are no OTLP metric request: {error}") from error
    for resource_metrics in request.resource_metrics:
        resource = attributes_of(resource_metrics.resource.attributes)
        service = str(resource.get("service.name", UNKNOWN_SERVICE))
        instance = str(resource.get("service.instance.id", ""))
        for scope in resource_metrics.scope_metrics:
            for metric in scope.metrics:
                if metric.name.startswith(PREFIXES) or metric.name == MEMORY_LIMIT:
                    for point in _points(metric):
                        value = point.as_double if point.HasField("as_double") else float(point.as_int)
                        yield ResourceLevel(service, instance, metric.name, point.time_unix_nano, value)


def _points(metric: Metric) -> Iterator[NumberDataPoint]:
    """Yield the points of a gauge or non-monotonic sum; idle connections are left out: they do not use the pool."""
    points = metric.gauge.data_points if metric.HasField("gauge") else metric.sum.data_points
    if not metric.sum.is_monotonic:
        yield from (point for point in points if attributes_of(point.attributes).get("state", "used") == "used")
