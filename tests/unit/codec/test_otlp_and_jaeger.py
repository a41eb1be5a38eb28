"""OTLP spans, what Jaeger shows of them and what the port reads back; requests cut into records."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.spans import any_value, attributes, new_span, resource_spans

from sre_space.codec.jaeger import merged, spans_from
from sre_space.codec.jaeger_otlp import has_tags, stored_spans, traces_json
from sre_space.codec.otlp import spans_of, value_of
from sre_space.codec.otlp_records import records_of
from sre_space.domain.errors import Malformed

OF_JAEGER = {
    "span.kind", "error", "otel.status_code", "otel.status_description", "internal.span.format", "otel.scope.name",
    "otel.scope.version", "w3c.tracestate",
}  # fmt: skip
NAMES = st.text(min_size=1, max_size=12)
SCALARS = (
    st.text(max_size=9) | st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.floats(allow_nan=False)
)  # fmt: skip
VALUES = st.recursive(
    SCALARS | st.none() | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TRACE_IDS = st.sampled_from([bytes(8) + b"a trace.", b"a whole trace id", bytes(15) + b"\1"])
SPANS = st.builds(
    Span,
    trace_id=TRACE_IDS,
    parent_span_id=st.just(b"") | st.binary(min_size=8, max_size=8).filter(any),
    trace_state=st.sampled_from(["", "a=b"]),
    name=st.text(max_size=12),
    kind=st.integers(0, 9),
    start_time_unix_nano=st.integers(0, 2**40).map(lambda us: us * 1000),
    status=st.builds(Status, code=st.integers(0, 5), message=st.text(max_size=9)),
    attributes=st.dictionaries(NAMES.filter(lambda name: name not in OF_JAEGER), VALUES, max_size=4).map(attributes),
    links=st.lists(
        st.builds(Span.Link, trace_id=st.just(b"another trace id"), span_id=st.just(b"linked-1")), max_size=1
    ),
    events=st.lists(st.builds(Span.Event, name=NAMES, attributes=st.just(attributes({"e": 1}))), max_size=2),
)


def body_of(*spans: Span, service: str = "shop", **resource: object) -> bytes:
    """Return the serialized export request of one service's spans."""
    return ExportTraceServiceRequest(resource_spans=[resource_spans(service, spans, **resource)]).SerializeToString()


def shown(body: bytes) -> list[dict[str, Any]]:
    """Return what the query API answers for all spans of an export request, as parsed JSON."""
    answer: list[dict[str, Any]] = json.loads(json.dumps(traces_json(one.alone for one in stored_spans(body))))
    return answer


@given(st.lists(SPANS, max_size=6), NAMES)
def test_the_port_reads_from_jaegers_json_what_the_bus_carries(spans: list[Span], service: str) -> None:
    for number, span in enumerate(spans, 1):
        span.span_id = number.to_bytes(8, "big")
        span.end_time_unix_nano = span.start_time_unix_nano + 5000
    body = body_of(*spans, service=service, **{"host.name": "h"})

    assert sorted(spans_from(shown(body)), key=lambda span: span.span_id) == spans_of(body)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ("text", "text"),
        (True, True),
        (2**60, 2**60),
        (2.0, 2.0),
        (None, ""),
        (b"\x00\xff", "AP8="),
        ([1, 2.0, 0.5, None, True, b"\x00", "<é&>"], '[1,2,0.5,null,true,"AA==","\\u003cé\\u0026\\u003e"]'),
        ({"b": [], "a": {"k": "v"}}, '{"a":{"k":"v"},"b":[]}'),
        ([], "[]"),
    ],
)
def test_an_attribute_is_the_text_that_the_collector_makes_of_it(value: object, plain: object) -> None:
    found = value_of(any_value(value))

    assert (found, type(found)) == (plain, type(plain))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_has_not_is_shown_as_text_and_read_as_a_number(value: float) -> None:
    span = new_span("op", 0)
    span.attributes.extend(attributes({"n": value}))
    (read,) = spans_from(shown(body_of(span)))

    assert repr(read.attributes["n"]) == repr(value)


def test_a_tag_is_found_on_the_span_its_process_and_its_events_by_its_text() -> None:
    span = new_span("op", 0)
    span.attributes.extend(attributes({"n": 7, "b": True, "f": 1e21, "third": 1 / 3}))
    span.events.add(name="exception").attributes.extend(attributes({"exception.type": "ValueError"}))
    (kept,) = stored_spans(body_of(span, **{"host.name": "h"}))

    for pair in ("n=7", "b=true", "f=1e+21", "third=0.3333333333", "host.name=h", "event=exception"):
        key, _, value = pair.partition("=")
        assert has_tags(kept.alone, frozenset({(key, value)})), pair
    assert has_tags(kept.alone, frozenset({("n", "7"), ("exception.type", "ValueError")}))
    assert not has_tags(kept.alone, frozenset({("n", "7"), ("exception.type", "KeyError")}))
    assert not has_tags(kept.alone, frozenset({("service.name", "shop")}))


@pytest.mark.parametrize("field", ["trace_id", "span_id", "parent_span_id"])
def test_an_id_of_a_wrong_length_is_malformed(field: str) -> None:
    span = new_span("op", 0)
    setattr(span, field, b"\1\2\3")

    with pytest.raises(Malformed, match="16 bytes"):
        stored_spans(body_of(span))


@given(st.binary(max_size=200))
def test_bytes_that_are_no_request_are_malformed_for_every_reader(data: bytes) -> None:
    refused = []
    for read in (spans_of, stored_spans, lambda body: records_of("traces", body)):
        try:
            read(data)
        except Malformed:
            refused.append(True)
    assert len(refused) in (0, 1, 3)  # ids of a wrong length trouble only the store


@given(st.lists(st.lists(st.lists(st.integers(0, 300), max_size=5), max_size=3), max_size=3), st.integers(20, 2000))
def test_a_request_is_cut_into_records_with_all_items_in_order(sizes: list[list[list[int]]], limit: int) -> None:
    request = ExportLogsServiceRequest(
        resource_logs=[
            ResourceLogs(
                schema_url=f"r{r}",
                scope_logs=[
                    ScopeLogs(schema_url=f"s{s}", log_records=[LogRecord(body=any_value("x" * size)) for size in items])
                    for s, items in enumerate(scopes)
                ],
            )
            for r, scopes in enumerate(sizes)
        ]
    )
    body = request.SerializeToString()
    records = records_of("logs", body, limit)

    assert [one for record in records for one in items_of(record)] == items_of(body)
    if len(body) <= limit:
        assert records == [body]
    for record in records:
        assert len(record) <= limit or len(items_of(record)) <= 1


def items_of(body: bytes) -> list[tuple[str, str, str]]:
    """Each log record with where it stands."""
    return [
        (resource.schema_url, scope.schema_url, record.body.string_value)
        for resource in ExportLogsServiceRequest.FromString(body).resource_logs
        for scope in resource.scope_logs
        for record in scope.log_records
    ]


def test_answers_about_several_services_are_one_with_each_trace_once() -> None:
    first = b'{"data": [{"traceID": "1", "spans": []}, {"traceID": "2", "spans": []}]}'
    second = b'{"data": [{"traceID": "2", "spans": []}, {"traceID": "3", "spans": []}], "total": 2}'

    assert merged([first]) is first
    assert [trace["traceID"] for trace in json.loads(merged([first, second, b'{"data": null}']))["data"]] == list("123")


@pytest.mark.parametrize("document", [b"", b"[]", b'{"data": 1}', b'{"data": [{}]}', b"[" * 100_000])
def test_an_answer_among_several_that_is_none_is_malformed(document: bytes) -> None:
    with pytest.raises(Malformed, match="not Jaeger's JSON"):
        merged([b'{"data": []}', document])
