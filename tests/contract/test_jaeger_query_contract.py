"""Jaeger's query API as its clients use it: our telemetry server and, where there is one, Jaeger, must answer alike."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import time_ns
from typing import Any

import httpx
import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from support.servers import TraceStore
from support.spans import MS, attributes, export, new_span, resource_spans
from support.waiting import until

Json = dict[str, Any]
EVERY_KIND = {
    "arr": [1, 2.0, "<é>", True, None, {"k": 2**60}], "b": True, "big": 2**60, "f": 0.5, "m": {"z": "v", "a": []},
    "n": 7, "nothing": None, "raw": b"\x00\xff", "s": "text", "whole": 2.0,
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A trace of a shop that calls a bank, and an older one of 64 bits that the call links to."""

    store: TraceStore
    shop: str = field(default_factory=lambda: f"shop-{secrets.token_hex(4)}")
    bank: str = field(default_factory=lambda: f"bank-{secrets.token_hex(4)}")
    trace: bytes = field(default_factory=lambda: os.urandom(16))
    short: bytes = field(default_factory=lambda: bytes(8) + os.urandom(8))
    now: int = field(default_factory=lambda: time_ns() // 10**9 * 10**9)

    def get(self, path: str, **query: object) -> httpx.Response:
        """Return the answer of the query API, whatever it is."""
        return httpx.get(f"{self.store.query}{path}", params={key: str(value) for key, value in query.items()})

    def names(self, **query: object) -> set[str]:
        """Return the operations of the traces that a search finds."""
        answer = self.get("/api/traces", **query)
        assert answer.status_code == 200, answer.text
        return {span["operationName"] for trace in answer.json()["data"] for span in trace["spans"]}


@pytest.fixture
def sent(store: TraceStore) -> Sent:
    """Send the traces, wait until a search finds them, and return them."""
    one = Sent(store)
    outer = new_span("outer", one.now + 1_234_567, 3 * MS, trace_id=one.trace)
    outer.kind, outer.trace_state = Span.SPAN_KIND_SERVER, "a=b"
    outer.attributes.extend(attributes(EVERY_KIND))
    outer.events.add(name="exception", time_unix_nano=one.now + 2 * MS).attributes.extend(attributes({"n": 3, "a": 1}))
    call = new_span("call", one.now + 2 * MS, MS, trace_id=one.trace, parent=outer.span_id)
    call.kind = Span.SPAN_KIND_CLIENT
    call.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="broke"))
    call.links.add(trace_id=one.short, span_id=b"linked-1")
    pay = new_span("pay", one.now + 2_100_000, 800_000, trace_id=one.trace, parent=call.span_id)
    pay.kind = Span.SPAN_KIND_SERVER
    pay.status.code = Status.STATUS_CODE_OK
    shop = resource_spans(one.shop, [outer, call], **{"host.name": "h", "process.pid": 7})
    shop.scope_spans[0].scope.CopyFrom(InstrumentationScope(name="lib", version="3"))
    old = new_span("old", one.now - 3600 * 10**9, MS, trace_id=one.short)
    export(store.grpc, [shop, resource_spans(one.bank, [pay]), resource_spans(one.bank, [old])])
    until(lambda: one.names(service=one.bank) >= {"pay", "old"} and one.names(service=one.shop), "all spans are seen")
    return one


def plain(trace: Json) -> dict[str, Json]:
    """Return the spans of a trace by operation, each with its process in place of the process id, which may be any."""
    return {
        span["operationName"]: {
            **span, "processID": trace["processes"][span["processID"]],
            "tags": {tag["key"]: (tag["type"], tag["value"]) for tag in span["tags"]},
        }
        for span in trace["spans"]
    }  # fmt: skip


def test_a_trace_is_shown_with_everything_that_was_sent(sent: Sent) -> None:
    answer = sent.get(f"/api/traces/{sent.trace.hex()}")
    (trace,) = answer.json()["data"]
    shown = plain(trace)

    assert answer.headers["content-type"] == "application/json"
    assert {**answer.json(), "data": ()} == {"data": (), "total": 0, "limit": 0, "offset": 0, "errors": None}
    assert (trace["traceID"], trace["warnings"]) == (sent.trace.hex(), None)
    outer, call, pay = (shown[name] for name in ("outer", "call", "pay"))
    assert outer["tags"] == {
        "arr": ("string", '[1,2,"\\u003cé\\u003e",true,null,{"k":1152921504606846976}]'),
        "b": ("bool", True), "big": ("int64", "1152921504606846976"), "f": ("float64", 0.5),
        "internal.span.format": ("string", "otlp"), "m": ("string", '{"a":[],"z":"v"}'), "n": ("int64", 7),
        "nothing": ("string", ""), "otel.scope.name": ("string", "lib"), "otel.scope.version": ("string", "3"),
        "raw": ("binary", "AP8="), "s": ("string", "text"), "span.kind": ("string", "server"),
        "w3c.tracestate": ("string", "a=b"), "whole": ("float64", 2),
    }  # fmt: skip
    assert list(outer["tags"]) == sorted(outer["tags"])
    event = ("event", "string", "exception"), ("a", "int64", 1), ("n", "int64", 3)
    fields = [{"key": key, "type": kind, "value": value} for key, kind, value in event]
    assert outer["logs"] == [{"timestamp": sent.now // 1000 + 2000, "fields": fields}]
    assert (outer["startTime"], outer["duration"], outer["references"]) == (sent.now // 1000 + 1234, 3000, [])
    assert outer["processID"] == {
        "serviceName": sent.shop,
        "tags": [
            {"key": "host.name", "type": "string", "value": "h"},
            {"key": "process.pid", "type": "int64", "value": 7},
        ],
    }
    assert call["references"] == [
        {"refType": "CHILD_OF", "traceID": sent.trace.hex(), "spanID": outer["spanID"]},
        {"refType": "FOLLOWS_FROM", "traceID": sent.short.hex()[16:], "spanID": b"linked-1".hex()},
    ]
    assert call["tags"] == {
        "error": ("bool", True), "internal.span.format": ("string", "otlp"), "otel.scope.name": ("string", "lib"),
        "otel.scope.version": ("string", "3"), "otel.status_code": ("string", "ERROR"),
        "otel.status_description": ("string", "broke"), "span.kind": ("string", "client"),
    }  # fmt: skip
    assert pay["tags"]["otel.status_code"] == ("string", "OK")
    assert pay["processID"] == {"serviceName": sent.bank, "tags": []}
    assert set(outer) == {
        "traceID", "spanID", "operationName", "references", "startTime", "duration", "tags", "logs", "processID",
        "warnings",
    }  # fmt: skip


def test_a_trace_id_of_64_bits_is_found_and_shown_in_16_digits(sent: Sent) -> None:
    for asked in (sent.short.hex(), sent.short.hex()[16:], sent.short.hex()[16:].upper().lstrip("0")):
        (trace,) = sent.get(f"/api/traces/{asked}").json()["data"]

        assert trace["traceID"] == trace["spans"][0]["traceID"] == sent.short.hex()[16:]


def test_services_and_operations_are_listed(sent: Sent) -> None:
    listed = sent.get("/api/services").json()
    operations = sent.get(f"/api/services/{sent.shop}/operations").json()
    kinds = sent.get("/api/operations", service=sent.shop).json()
    servers = sent.get("/api/operations", service=sent.shop, spanKind="server").json()

    assert {sent.shop, sent.bank} <= set(listed["data"])
    assert listed["total"] == len(listed["data"])
    assert (sorted(operations["data"]), operations["total"]) == (["call", "outer"], 2)
    told = sorted((one["name"], one["spanKind"]) for one in kinds["data"])
    assert (told, kinds["total"]) == ([("call", "client"), ("outer", "server")], 2)
    assert servers["data"] == [{"name": "outer", "spanKind": "server"}]
    assert not sent.get("/api/services/nobody/operations").json()["data"]
    assert sent.get("/api/operations", service="nobody").json()["data"] == []


def test_a_search_finds_the_traces_with_one_span_that_answers_everything(sent: Sent) -> None:
    us = sent.now // 1000
    searches: list[tuple[dict[str, object], bool]] = [
        ({"operation": "outer"}, True),
        ({"operation": "pay"}, False),  # another service's
        ({"start": us, "end": us + 10**6}, True),
        ({"start": us + 2000, "end": us + 2000}, True),  # both ends belong to it
        ({"start": us + 2001}, False),
        ({"end": us}, False),
        ({"end": (2**63 - 1) // 1000, "start": -5}, True),
        ({"lookback": "1ms"}, True),  # the user interface's; it comes with a start too
        ({"minDuration": "3ms"}, True),
        ({"minDuration": "3.000001ms"}, False),
        ({"minDuration": "0h0m.001s1500us500000ns"}, True),
        ({"maxDuration": "1ms"}, True),
        ({"maxDuration": "999999ns"}, False),
        ({"minDuration": "2ms", "maxDuration": "2.5ms"}, False),
        ({"minDuration": "-1s"}, True),
        ({"tags": '{"s": "text"}'}, True),
        ({"tags": '{"s": "other"}'}, False),
        ({"tags": '{"n": "7", "b": "true", "f": "0.5", "whole": "2"}'}, True),
        ({"tags": '{"big": "1152921504606846976"}'}, True),
        ({"tags": '{"error": "true"}'}, True),
        ({"tags": '{"error": "false"}'}, False),
        ({"tags": '{"error": "true", "s": "text"}'}, False),  # two spans, not one
        ({"tags": '{"span.kind": "client", "otel.status_description": "broke"}'}, True),
        ({"tags": '{"host.name": "h"}'}, True),  # the process's
        ({"tags": '{"event": "exception"}'}, True),  # an event's
        ({"tags": "{}"}, True),
        ({"tags": "null"}, True),
        ({"tag": "s:text"}, True),
        ({"tag": "s:other"}, False),
        ({"tag": "w3c.tracestate:a=b"}, True),
    ]
    found = [bool(sent.names(service=sent.shop, **query)) for query, _ in searches]

    assert found == [expected for _, expected in searches]
    assert sent.names(service=sent.shop) == {"outer", "call", "pay"}
    assert sent.names(service="nobody") == set()


def test_a_limit_keeps_the_newest_and_none_keeps_all(store: TraceStore) -> None:
    sent = Sent(store)
    spans = [new_span(f"op{number}", sent.now + number * MS) for number in range(4)]
    export(store.grpc, [resource_spans(sent.shop, spans)])
    until(lambda: len(sent.names(service=sent.shop)) == 4, "all traces are seen")

    assert sent.names(service=sent.shop, limit=2) == {"op2", "op3"}
    for limit in ("0", "-1", "+9", ""):
        assert len(sent.names(service=sent.shop, limit=limit)) == 4


def test_traces_are_fetched_by_their_ids_and_the_unknown_are_named(sent: Sent) -> None:
    answer = httpx.get(f"{sent.store.query}/api/traces?traceID={sent.trace.hex()}&traceID=ff")

    assert answer.status_code == 200
    assert [trace["traceID"] for trace in answer.json()["data"]] == [sent.trace.hex()]
    assert answer.json()["errors"] == [{"msg": "trace not found", "traceID": "00000000000000ff"}]


def test_a_link_to_a_page_leads_to_the_traces(sent: Sent) -> None:
    """Jaeger answers with its page, which asks the API the same; ours has no page, and answers with the traces."""
    asked: dict[str, str | int] = {
        "service": sent.shop,
        "start": sent.now // 1000,
        "end": sent.now // 1000 + 10**6,
        "limit": 20,
        "lookback": "custom",
    }
    pages: list[tuple[str, dict[str, str | int]]] = [("/search", asked), (f"/trace/{sent.trace.hex()}", {})]
    for path, query in pages:
        answer = httpx.get(f"{sent.store.query}{path}", params=query, follow_redirects=True)

        assert answer.status_code == 200
        if "json" in answer.headers["content-type"]:
            assert {one["traceID"] for one in answer.json()["data"]} == {sent.trace.hex()}


def test_dependencies_count_the_calls_between_services(sent: Sent) -> None:
    called = [{"parent": sent.shop, "child": sent.bank, "callCount": 1}]
    now = sent.now // 10**6 + 60_000

    assert [one for one in sent.get("/api/dependencies").json()["data"] if one["parent"] == sent.shop] == called
    assert sent.get("/api/dependencies", service=sent.bank).json()["data"] == called
    assert sent.get("/api/dependencies", service=sent.bank, endTs=now, lookback=120_000).json()["data"] == called
    assert sent.get("/api/dependencies", service=sent.bank, endTs=now, lookback=1).json()["data"] == []
    assert sent.get("/api/dependencies").json()["total"] == 0


def test_what_names_no_service_gets_jaegers_name_for_it(store: TraceStore) -> None:
    ids = [os.urandom(16) for _ in range(3)]
    groups = [resource_spans("", [new_span("bare", time_ns(), trace_id=ids[0])])]
    groups.append(resource_spans("", [new_span("host only", time_ns(), trace_id=ids[1])], **{"host.name": "h"}))
    groups.append(resource_spans("", [new_span("empty", time_ns(), trace_id=ids[2])], **{"service.name": ""}))
    export(store.grpc, groups)

    def shown(id: bytes) -> Sequence[Json]:
        answer = httpx.get(f"{store.query}/api/traces/{id.hex()}")
        return answer.json()["data"] or ()

    until(lambda: all(shown(id) for id in ids), "all traces are seen")
    traces = [shown(id) for id in ids]
    names = [one["serviceName"] for (trace,) in traces for one in trace["processes"].values()]
    assert names == ["OTLPResourceNoServiceName", "empty-service-name", "empty-service-name"]


def test_a_wrong_question_is_answered_with_what_is_wrong_with_it(sent: Sent) -> None:
    ask: dict[str, tuple[int, str]] = {
        "/api/traces": (400, "parameter 'service' is required"),
        "/api/operations": (400, "parameter 'service' is required"),
        "/api/traces?service=x&start=yesterday": (400, "unable to parse param 'start'"),
        "/api/traces?service=x&end=9223372036854775808": (400, "unable to parse param 'end'"),
        "/api/traces?service=x&end=1.5": (400, "unable to parse param 'end'"),
        "/api/traces?service=x&limit=many": (400, "many"),
        "/api/traces?service=x&limit=2147483648": (400, "2147483648"),
        "/api/traces?service=x&minDuration=5": (400, "unable to parse param 'minDuration'"),
        "/api/traces?service=x&minDuration=1s1": (400, "unable to parse param 'minDuration'"),
        "/api/traces?service=x&maxDuration=1 s": (400, "unable to parse param 'maxDuration'"),
        "/api/traces?service=x&maxDuration=9223372036854775808ns": (400, "unable to parse param 'maxDuration'"),
        "/api/traces?service=x&minDuration=2s&maxDuration=1s": (400, "'maxDuration' should be greater than"),
        "/api/traces?service=x&tags=no": (400, "malformed 'tags' parameter, cannot unmarshal JSON"),
        '/api/traces?service=x&tags={"n":1}': (400, "malformed 'tags' parameter, cannot unmarshal JSON"),
        "/api/traces?service=x&tags=[]": (400, "malformed 'tags' parameter, cannot unmarshal JSON"),
        "/api/traces?service=x&tag=n": (400, "malformed 'tag' parameter, expecting key:value, received: n"),
        "/api/traces?traceID=zz": (400, 'zz'),
        "/api/traces/zz": (400, 'zz'),
        f"/api/traces/{'1' * 33}": (400, f"TraceID cannot be longer than 32 hex characters: {'1' * 33}"),
        "/api/traces/ff": (404, "trace not found"),
        "/api/dependencies?endTs=x": (400, "unable to parse param 'endTs'"),
        "/api/dependencies?lookback=1h": (400, "unable to parse param 'lookback'"),
    }  # fmt: skip
    for path, (status, told) in ask.items():
        answer = httpx.get(sent.store.query + path)
        body = json.loads(answer.text)
        (error,) = body.pop("errors")

        assert (path, answer.status_code) == (path, status)
        assert body == {"data": None, "total": 0, "limit": 0, "offset": 0}
        assert (error["code"], error.keys()) == (status, {"code", "msg"})
        assert told in error["msg"]
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
