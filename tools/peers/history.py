"""Six healthy hours before the measurement, for the peers' long windows, as OTLP metrics that Prometheus takes.

Without them an hour's window would hold the minutes since the start alone, and two seconds of errors would page.
"""

from collections.abc import Sequence

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    AGGREGATION_TEMPORALITY_CUMULATIVE,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)

from peers.rules import CALLS, DURATION, FAST_MS

HOURS, STEP_S = 6, 15
NAMES = ("journey quote", "journey purchase")
USUAL_MS = 60


def history(job: str, attempts_per_second: float, now: float) -> ExportMetricsServiceRequest:
    """Return what a job has seen until `now`: so many attempts a second, all good and fast."""
    times = [now - HOURS * 3600 + STEP_S * step for step in range(HOURS * 3600 // STEP_S)]
    seen = [round(attempts_per_second / len(NAMES) * STEP_S * number) for number in range(len(times))]
    calls = Sum(aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE, is_monotonic=True)
    durations = Histogram(aggregation_temporality=AGGREGATION_TEMPORALITY_CUMULATIVE)
    for name in NAMES:
        labels = {"service_name": "traffic", "span_name": name}
        calls.data_points.extend(_counted(times, seen, {**labels, "status_code": "STATUS_CODE_UNSET"}))
        durations.data_points.extend(_measured(times, seen, labels))
    metrics = [Metric(name=CALLS.removesuffix("_total"), sum=calls), Metric(name=DURATION, histogram=durations)]
    resource = ResourceMetrics(scope_metrics=[ScopeMetrics(metrics=metrics)])
    resource.resource.attributes.extend(_attributes({"service.name": job, "service.instance.id": "history"}))
    return ExportMetricsServiceRequest(resource_metrics=[resource])


def _counted(times: Sequence[float], seen: Sequence[int], labels: dict[str, str]) -> list[NumberDataPoint]:
    return [
        NumberDataPoint(time_unix_nano=int(at * 1e9), as_int=count, attributes=_attributes(labels))
        for at, count in zip(times, seen, strict=True)
    ]


def _measured(times: Sequence[float], seen: Sequence[int], labels: dict[str, str]) -> list[HistogramDataPoint]:
    return [
        HistogramDataPoint(
            time_unix_nano=int(at * 1e9), count=count, sum=count * USUAL_MS, explicit_bounds=[FAST_MS],
            bucket_counts=[count, 0], attributes=_attributes(labels),
        )
        for at, count in zip(times, seen, strict=True)
    ]  # fmt: skip


def _attributes(labels: dict[str, str]) -> list[KeyValue]:
    return [KeyValue(key=key, value=AnyValue(string_value=value)) for key, value in labels.items()]
