"""Requests of the topics as lines of files: what the one reader of files then finds is what was sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.metrics.v1.metrics_pb2 import AggregationTemporality

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder
from sre_space.codec.otlp_json import add_logs, add_metrics
from sre_space.codec.otlp_lines import level_line, log_line, metric_line
from sre_space.domain.errors import Malformed

TIMES = st.integers(9 * 10**17, 2**62)  # dates of our time: other numbers may be of another unit
NUMBERS = st.floats(allow_nan=False, allow_infinity=False, width=32)


def metrics(service: str) -> ExportMetricsServiceRequest:
    """Return an export request with one resource and one empty scope."""
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add().resource
    resource.attributes.add(key="service.name").value.string_value = service
    resource.attributes.add(key="service.instance.id").value.string_value = f"{service}-1"
    request.resource_metrics[0].scope_metrics.add()
    return request


@given(TIMES, NUMBERS, st.text(max_size=8))
def test_a_gauge_keeps_its_time_value_and_attributes(at: int, value: float, label: str) -> None:
    request = metrics("tax")
    metric = request.resource_metrics[0].scope_metrics[0].metrics.add(name="queue.depth")
    point = metric.gauge.data_points.add(time_unix_nano=at, as_double=value)
    point.attributes.add(key="state").value.string_value = label

    into = MetricBuilder()
    add_metrics(metric_line(request.SerializeToString(), ("tax",)), into)

    (series,) = into.series
    assert (series.service, series.instance, series.name, series.cumulative) == ("tax", "tax-1", "queue.depth", False)
    assert dict(series.attributes) == {"state": label}
    assert into.points == [(0, at, value)]


@given(TIMES, st.integers(0, 2**40), NUMBERS)
def test_a_histogram_is_told_by_count_and_sum(at: int, count: int, largest: float) -> None:
    request = metrics("tax")
    metric = request.resource_metrics[0].scope_metrics[0].metrics.add(name="request.duration")
    metric.histogram.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.histogram.data_points.add(time_unix_nano=at, count=count, sum=2.5, max=largest, bucket_counts=[count])

    into = MetricBuilder()
    add_metrics(metric_line(request.SerializeToString(), ("tax",)), into)

    told = {series.name: (series.cumulative, into.points[number][2]) for series, number in into.series.items()}
    assert told == {
        "request.duration.count": (True, count),
        "request.duration.sum": (True, 2.5),
    }


@given(st.booleans(), st.integers(-(2**40), 2**40))
def test_a_sum_counts_up_only_when_it_is_monotonic(monotonic: bool, value: int) -> None:
    request = metrics("tax")
    metric = request.resource_metrics[0].scope_metrics[0].metrics.add(name="jobs")
    metric.sum.aggregation_temporality = AggregationTemporality.AGGREGATION_TEMPORALITY_CUMULATIVE
    metric.sum.is_monotonic = monotonic
    metric.sum.data_points.add(time_unix_nano=1, as_int=value)

    into = MetricBuilder()
    add_metrics(metric_line(request.SerializeToString(), ("tax",)), into)

    (series,) = into.series
    assert series.cumulative is monotonic
    assert into.points == [(0, 1, float(value))]


@given(TIMES, st.text(max_size=30), st.integers(0, 24))
def test_a_log_record_keeps_its_time_text_and_severity(at: int, text: str, severity: int) -> None:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "tax"
    record = resource.scope_logs.add().log_records.add(observed_time_unix_nano=at, severity_number=severity)
    record.body.string_value = f"note {text}"

    into = LogBuilder()
    add_logs(log_line(request.SerializeToString(), ("tax",)), into)

    ((when, service, level, body, *_),) = into.rows
    names = list(into.names)
    assert (when, names[service], names[body]) == (at, "tax", f"note {text}".strip())
    assert level == severity or not severity


def test_other_services_are_left_out_and_a_request_of_theirs_is_no_line() -> None:
    assert metric_line(metrics("sre-brain").SerializeToString(), ("tax",)) == b""


def test_a_limit_is_a_gauge() -> None:
    into = MetricBuilder()
    add_metrics(level_line("tax", "process.memory.limit", 7, 400.0), into)

    assert [(series.service, series.name) for series in into.series] == [("tax", "process.memory.limit")]
    assert into.points == [(0, 7, 400.0)]


@pytest.mark.parametrize("read", [log_line, metric_line])
def test_bytes_that_are_no_request_are_malformed(read: object) -> None:
    assert callable(read)
    with pytest.raises(Malformed):
        read(b"\xff\xff", ())
