"""Export requests inside of the bounds stay as they came; others are cut or lose what cannot be kept."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from support.amounts import amount
from support.spans import attributes, new_span, resource_spans

from sre_space.codec.otlp_bounds import (
    MAX_ATTRIBUTES,
    MAX_EVENTS,
    MAX_ITEM_BYTES,
    MAX_ITEMS,
    MAX_RESOURCE_BYTES,
    bounded,
)
from sre_space.domain.bounds import MAX_NAME, TOO_LARGE
from sre_space.domain.errors import Malformed

NOW, KEPT = 1_764_000_000 * 10**9, 3600 * 10**9
HUGE = "x" * 600_000


def sent(*spans: Span, service: str = "shop", **resource: object) -> bytes:
    """Return the serialized export request of one service's spans."""
    return ExportTraceServiceRequest(resource_spans=[resource_spans(service, spans, **resource)]).SerializeToString()


def kept(body: bytes) -> ExportTraceServiceRequest:
    """Return what remains of an export request after the bounds are applied."""
    return ExportTraceServiceRequest.FromString(bounded("traces", body, NOW, KEPT).body)


def test_a_usual_request_is_handed_on_byte_for_byte() -> None:
    body = sent(*(new_span(f"GET /{number}", NOW) for number in range(50)), **{"host.name": "h" * 900})
    unknown = body + bytes.fromhex("fa3f0161")  # a field that a later OTLP adds

    assert bounded("traces", unknown, NOW, KEPT).body == unknown
    assert not bounded("traces", unknown, NOW, KEPT).dropped


def test_long_names_and_values_are_cut_with_a_mark_and_lists_end() -> None:
    span = new_span(HUGE, NOW)
    span.attributes.extend(attributes({"text": HUGE, "list": [HUGE], "raw": b"r" * 600_000, HUGE: 1, "n": 7}))
    span.attributes.extend(attributes({f"k{number}": number for number in range(500)}))
    for number in range(500):
        span.events.add(name=HUGE if number < 3 else "e")
    span.status.message = HUGE
    (one,) = kept(sent(span)).resource_spans[0].scope_spans[0].spans

    told = {pair.key: pair.value for pair in one.attributes}
    assert len(one.name) == MAX_NAME
    assert one.name.endswith("…")
    assert told["text"].string_value.endswith("x…")
    assert told["list"].string_value.startswith("(a value of 600")
    assert (len(told), told["n"].int_value, HUGE in told) == (MAX_ATTRIBUTES, 7, False)
    assert len(one.events) == MAX_EVENTS
    assert one.ByteSize() < MAX_ITEM_BYTES


def test_a_resource_of_megabytes_keeps_its_service_and_is_not_repeated_with_each_span() -> None:
    endless = {f"k{number}": "v" * 9000 for number in range(400)}
    (found,) = kept(sent(new_span("op", NOW), service=HUGE, **endless)).resource_spans

    (name,) = [pair.value.string_value for pair in found.resource.attributes if pair.key == "service.name"]
    assert len(name) == MAX_NAME
    assert found.resource.ByteSize() <= MAX_RESOURCE_BYTES
    with pytest.raises(Malformed, match="smaller batches"):
        bounded("traces", sent(*[new_span("op", NOW)] * 20_000, note="v" * 15_000), NOW, KEPT)


def test_a_request_of_more_items_than_anybody_batches_is_refused() -> None:
    logs = ExportLogsServiceRequest()
    records = logs.resource_logs.add().scope_logs.add().log_records
    for _ in range(MAX_ITEMS + 1):
        records.add()

    with pytest.raises(Malformed, match="smaller batches"):
        bounded("logs", logs.SerializeToString(), NOW, KEPT)


def test_what_is_too_large_even_so_is_dropped_and_counted() -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    metric = metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="m")
    for number in range(20_000):
        metric.gauge.data_points.add(time_unix_nano=NOW, as_int=number)
    record = logs.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=NOW)
    record.body.string_value = HUGE

    assert bounded("metrics", metrics.SerializeToString(), NOW, KEPT).dropped == {TOO_LARGE: 1}
    left = bounded("logs", logs.SerializeToString(), NOW, KEPT)
    assert not left.dropped
    assert len(left.body) < 20_000


SIZES = st.sampled_from([0, 3, 300, 20_000, 70_000])


@settings(max_examples=amount(40, 10), deadline=None)
@given(st.lists(st.tuples(SIZES, SIZES, SIZES, st.integers(0, 2**64 - 1)), max_size=6), SIZES)
def test_any_request_is_bounded_and_what_is_bounded_stays_as_it_is(
    spans: list[tuple[int, int, int, int]], resource: int
) -> None:
    made = []
    for name, value, key, at in spans:
        span = new_span("n" * name, 0, 0)
        span.start_time_unix_nano = span.end_time_unix_nano = at if at % 2 else NOW
        span.attributes.extend(attributes({"k" * key: "ü" * value, "e": 1}))
        made.append(span)
    body = sent(*made, service="s" * resource, note="r" * resource)

    found = bounded("traces", body, NOW, KEPT)
    left = ExportTraceServiceRequest.FromString(found.body).resource_spans[0].scope_spans[0].spans

    assert len(left) + found.dropped.total() == len(made)
    assert all(one.ByteSize() <= MAX_ITEM_BYTES and len(one.name) <= MAX_NAME for one in left)
    assert bounded("traces", found.body, NOW, KEPT).body == found.body
