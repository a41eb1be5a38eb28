"""Levels of resources out of OTLP metric requests."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from sre_space.codec.levels import PREFIXES, ResourceLevel, levels_of
from sre_space.domain.errors import Malformed


def request(name: str, value: float | int, service: str = "policy-service") -> bytes:
    """One gauge with one point."""
    message = ExportMetricsServiceRequest()
    resource = message.resource_metrics.add()
    for key, text in (("service.name", service), ("service.instance.id", f"{service}-7")):
        resource.resource.attributes.add(key=key).value.string_value = text
    metric = resource.scope_metrics.add().metrics.add(name=name)
    point = metric.gauge.data_points.add(time_unix_nano=5)
    if isinstance(value, int):
        point.as_int = value
    else:
        point.as_double = value
    return message.SerializeToString()


@given(st.integers(0, 2**62) | st.floats(0, 1e9))
def test_a_gauge_of_a_process_is_read_whole_or_not(value: float | int) -> None:
    (level,) = levels_of(request("process.memory.usage", value))

    assert level == ResourceLevel("policy-service", "policy-service-7", "process.memory.usage", 5, float(value))


def test_other_metrics_are_left_alone() -> None:
    assert list(levels_of(request("http.server.request.duration", 1))) == []
    message = ExportMetricsServiceRequest()
    counter = message.resource_metrics.add().scope_metrics.add().metrics.add(name="process.x").sum
    counter.is_monotonic = True
    counter.data_points.add(as_int=1)
    assert list(levels_of(message.SerializeToString())) == []


def test_connections_in_use_are_a_level_and_idle_ones_are_not() -> None:
    message = ExportMetricsServiceRequest()
    metric = message.resource_metrics.add().scope_metrics.add().metrics.add(name="db.client.connection.count")
    for state, count in (("idle", 4), ("used", 3)):
        metric.sum.data_points.add(as_int=count).attributes.add(key="state").value.string_value = state

    assert [level.value for level in levels_of(message.SerializeToString())] == [3.0]


@given(st.binary(max_size=60))
def test_any_bytes_are_levels_or_malformed(body: bytes) -> None:
    with suppress(Malformed):
        assert all(level.name.startswith(PREFIXES) for level in levels_of(body))


def test_what_is_no_request_is_malformed() -> None:
    with pytest.raises(Malformed):
        list(levels_of(b"\xff\xff\xff"))
