"""The readers take what is readable, name what is not, and never end on input, whatever it is."""

import gzip
import json
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sre_space.adapters.telemetry_files import read_alert, read_changes, read_folder
from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder
from sre_space.analysis.diagnosis.changes import mentions_service
from sre_space.analysis.diagnosis.diffs import effect_of
from sre_space.analysis.diagnosis.engine import diagnose
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, Change, Telemetry
from sre_space.codec.changes import alert_of, change_of
from sre_space.codec.jaeger_columns import add_traces
from sre_space.codec.json_documents import documents
from sre_space.codec.log_text import text_of
from sre_space.codec.otlp_json import add_logs, add_metrics, add_spans
from sre_space.codec.span_facts import facts_of, operation_of
from sre_space.codec.telemetry_json import Builders, add_document
from sre_space.domain.errors import Malformed, Missing
from sre_space.text.diagnosis_report import report

BEGIN = 1_790_000_000  # Unix s
SPAN = {
    "traceId": "t1",
    "spanId": "a1",
    "name": "GET /users/1234567",
    "kind": "SPAN_KIND_SERVER",
    "startTimeUnixNano": "1000",
    "endTimeUnixNano": "5000",
    "status": {"code": "STATUS_CODE_ERROR"},
    "events": [{"name": "exception", "attributes": [{"key": "exception.message", "value": {"stringValue": "boom"}}]}],
}
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
WORDS = """
resourceSpans resource attributes key value stringValue scopeSpans spans traceId spanId parentSpanId name kind
status code message startTimeUnixNano endTimeUnixNano events resourceMetrics scopeMetrics metrics gauge sum dataPoints
timeUnixNano asDouble asInt isMonotonic resourceLogs scopeLogs logRecords body severityText data processes references
tags startTime duration processID operationName logs fields time steps new_pods files diff"""
KEYS = st.sampled_from(re.findall(r"\w+", WORDS))
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=40
)


def spans_line(*spans: dict[str, Any]) -> bytes:
    service = {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]}
    return json.dumps({"resourceSpans": [{"resource": service, "scopeSpans": [{"spans": list(spans)}]}]}).encode()


def shaped(kind: str, scopes: str, items: str, item: object) -> bytes:
    return json.dumps({kind: [{"resource": {}, scopes: [{items: [item]}]}]}).encode()


def total(spans: SpanBuilder, metrics: MetricBuilder, logs: LogBuilder) -> Telemetry:
    return Telemetry(spans.table(), metrics.table(), logs.table())


def outcome(read: Callable[[], object]) -> str:
    """ "read", or why it was refused."""
    try:
        read()
    except Malformed as error:
        return str(error)
    return "read"


@given(DOCUMENTS)
def test_any_json_is_read_or_refused_and_what_was_read_can_be_diagnosed(document: object) -> None:
    spans, metrics, logs = SpanBuilder(), MetricBuilder(), LogBuilder()
    for line in (
        json.dumps(document).encode(),
        shaped("resourceSpans", "scopeSpans", "spans", document),
        shaped("resourceMetrics", "scopeMetrics", "metrics", document),
        shaped("resourceLogs", "scopeLogs", "logRecords", document),
        json.dumps({"data": [{"spans": [document], "processes": document}]}).encode(),
    ):
        assert outcome(partial(add_spans, line, spans))
        assert outcome(partial(add_metrics, line, metrics))
        assert outcome(partial(add_logs, line, logs))
        assert outcome(partial(add_traces, line, spans))
        assert outcome(partial(change_of, line, 1))
        assert outcome(partial(alert_of, line))
    read_all = total(spans, metrics, logs)
    diagnose(read_all, [read_all])


def bent(document: object, path: list[int], leaf: object) -> object:
    """Return the document with the node that `path` leads to replaced by `leaf`."""
    if not path or not isinstance(document, dict | list) or not document:
        return leaf
    chosen = path[0] % len(document)
    if isinstance(document, list):
        return [bent(one, path[1:], leaf) if at == chosen else one for at, one in enumerate(document)]
    return {key: bent(one, path[1:], leaf) if at == chosen else one for at, (key, one) in enumerate(document.items())}


POINT = {"timeUnixNano": "5", "asDouble": 1.5, "attributes": [{"key": "source", "value": {"stringValue": "web"}}]}
REQUESTS = (
    json.loads(spans_line(SPAN, {**SPAN, "spanId": "b", "parentSpanId": "a1"})),
    json.loads(shaped("resourceMetrics", "scopeMetrics", "metrics", {"name": "cpu", "gauge": {"dataPoints": [POINT]}})),
    json.loads(shaped("resourceLogs", "scopeLogs", "logRecords", {"timeUnixNano": "5", "body": {"stringValue": "x"}})),
)


@given(
    st.sampled_from(range(3)), st.lists(st.integers(0, 9), min_size=1, max_size=14), LEAVES | st.just([]) | st.just({})
)
def test_a_request_with_one_wrong_node_is_read_or_refused(kind: int, path: list[int], leaf: object) -> None:
    spans, metrics, logs = SpanBuilder(), MetricBuilder(), LogBuilder()
    line = json.dumps(bent(REQUESTS[kind], path, leaf)).encode()
    readers = (partial(add_spans, line, spans), partial(add_metrics, line, metrics), partial(add_logs, line, logs))
    assert outcome(readers[kind])
    read_all = total(spans, metrics, logs)
    diagnose(read_all, [read_all])


@given(st.data())
def test_a_mutated_file_is_read_or_said_to_be_unreadable(data: st.DataObject) -> None:
    whole = b"".join(
        json.dumps(request, indent=data.draw(st.sampled_from((None, 1)))).encode() + b"\n" for request in REQUESTS
    )
    kept = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(kept)))
        kept[at : at + data.draw(st.integers(0, 60))] = data.draw(
            st.binary(max_size=6) | st.sampled_from((b"\n", b"\n\n", b"{", b"]", b"\xff\xfe"))
        )
    into = Builders()
    for document in documents(bytes(kept).splitlines(keepends=True)):
        assert document.why or outcome(partial(add_document, document.value, into))
    read_all = total(into.spans, into.metrics, into.logs)
    report(diagnose(read_all, [read_all])).encode()


@given(
    st.lists(
        st.sampled_from(("", "+a", "-b", " ", "+", "-", "@@ x.py @@", "--- a/x", "+++ b/x", "\x0c"))
        | st.text(max_size=9)
    )
)
def test_any_diff_can_be_weighed(lines: list[str]) -> None:
    change = Change("c", 1, "", "", "", "\n".join(lines))
    effect_of(change.summary, change.diff)
    assert not mentions_service(change, "no-such-service")


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_with_a_reason(line: bytes) -> None:
    spans = SpanBuilder()
    assert outcome(partial(add_spans, line, spans))
    assert outcome(partial(add_traces, line, spans))
    assert len(spans.table()) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_any_parents_make_a_forest(pairs: list[tuple[int, int]]) -> None:
    builder = SpanBuilder()
    spans = [{**SPAN, "spanId": f"s{own}", "parentSpanId": f"s{up}"} for own, up in pairs]
    add_spans(spans_line(*spans), builder)
    parent = builder.table().parent
    ancestor = parent.copy()
    for _ in range(len(parent)):
        ancestor = np.where(ancestor == ROOT, ROOT, parent[ancestor])
    assert (ancestor == ROOT).all()


def test_a_span_is_read_with_its_failure_and_without_the_ids_in_its_name() -> None:
    builder = SpanBuilder()
    add_spans(spans_line(SPAN), builder)
    table = builder.table()
    assert table.names[table.operation[0]] == "GET /users/{id}"
    assert (table.names[table.message[0]], int(table.status[0])) == ("boom", ERROR)
    assert table.id_of(0) == "t1/a1"
    assert int(table.duration[0]) == 4000


def test_a_broken_span_is_lost_alone() -> None:
    builder = SpanBuilder()
    lost = add_spans(spans_line(SPAN, {**SPAN, "startTimeUnixNano": "soon"}), builder)
    assert len(builder.table()) == 1
    assert dict(lost) == {"span: ValueError: 'soon' is no time": 1}


def test_a_folder_is_read_plain_and_gzip_and_unreadable_lines_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "traces.jsonl").write_bytes(spans_line(SPAN) + b"\n{broken\n\n" + spans_line({**SPAN, "spanId": "b"}))
    with gzip.open(tmp_path / "traces-2.jsonl.gz", "wb") as file:
        file.write(spans_line({**SPAN, "spanId": "c"}) + b"\n[1]\n")
    jaeger = {"traceID": "t9", "spanID": "d", "operationName": "x", "startTime": 1, "duration": 2, "processID": "p"}
    trace = {"spans": [jaeger], "processes": {"p": {"serviceName": "old"}}}
    (tmp_path / "ui.jaeger.json").write_text(json.dumps({"data": [trace, {"spans": [{}]}]}))
    (tmp_path / "notes.txt").write_text("not telemetry")
    found = read_folder(tmp_path)
    assert len(found.spans) == 4
    assert [one.place for one in found.unreadable] == [
        "traces-2.jsonl.gz:2",
        "traces.jsonl:2",
        "ui.jaeger.json:1",
    ]
    (note,) = [note for note in diagnose(found, []).notes if "3 unreadable inputs were skipped: traces-2" in note]
    assert "traces.jsonl:2: no JSON: " in note


def test_a_gzip_file_that_is_cut_short_gives_what_came_before(tmp_path: Path) -> None:
    lines = b"".join(spans_line({**SPAN, "spanId": f"{number:x}"}) + b"\n" for number in range(2000))
    whole = gzip.compress(lines)
    (tmp_path / "traces.jsonl.gz").write_bytes(whole[: len(whole) // 2])
    found = read_folder(tmp_path)
    assert 0 < len(found.spans) < 2000
    assert "the file ends here" in found.unreadable[-1].reason


def test_a_file_that_is_no_gzip_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl.gz").write_bytes(b"plain")
    assert [one.place for one in read_folder(tmp_path).unreadable] == ["metrics.jsonl.gz:1"]


def test_a_folder_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="nowhere"):
        read_folder(tmp_path / "nowhere")


def test_counters_become_rates_and_a_restart_counts_from_zero() -> None:
    points = [
        {"timeUnixNano": str((BEGIN + at) * 10**9), "asInt": str(value)} for at, value in ((1, 10), (2, 14), (5, 9))
    ]
    body = {"dataPoints": points, "isMonotonic": True, "aggregationTemporality": 2}
    builder = MetricBuilder()
    add_metrics(shaped("resourceMetrics", "scopeMetrics", "metrics", {"name": "hits", "sum": body}), builder)
    assert builder.table().value.tolist() == [4.0, 3.0]


def test_histograms_give_their_rate_and_mean() -> None:
    points = [{"timeUnixNano": str((BEGIN + at) * 10**9), "count": "4", "sum": 8.0, "max": 5.0} for at in (1, 3)]
    builder = MetricBuilder()
    metric = {"name": "took", "histogram": {"dataPoints": points, "aggregationTemporality": 1}}
    add_metrics(shaped("resourceMetrics", "scopeMetrics", "metrics", metric), builder)
    table = builder.table()
    assert {table.index[code].name: float(value) for code, value in zip(table.series, table.value, strict=True)} == {
        "took.count": 2.0,
        "took.mean": 2.0,
        "took.max": 5.0,
    }


def test_a_message_is_found_inside_its_wrappers() -> None:
    inner = json.dumps({"message": "pool exhausted", "level": "error"})
    assert text_of(json.dumps({"log": inner + "\n", "stream": "stdout"})) == ("pool exhausted", "error")


def test_statements_lose_their_literals_and_peers_are_found() -> None:
    facts = facts_of((("db.statement", "SELECT * FROM t WHERE a = 'x' AND b IN (1, 2)"), ("db.system", "sqlite")))
    assert facts.statement == "SELECT * FROM t WHERE a = ? AND b IN (?)"
    assert facts.peer == "sqlite"
    assert facts_of((("http.url", "http://tax:8080/rate?x=1"),)).peer == "tax"
    assert facts_of((("http.status_code", 503),)).failed


def test_operations_lose_ids_but_keep_versions() -> None:
    assert operation_of("GET /v1/users/42/pets") == "GET /v1/users/{id}/pets"


def test_changes_may_lack_any_field_and_broken_ones_are_named(tmp_path: Path) -> None:
    lines = ['{"id": "c1", "time": "5", "service": null}', "{", "{}", '{"timestamp": "1970-01-01T00:00:01Z"}']
    (tmp_path / "changes.jsonl").write_text("\n".join(lines))
    changes, lost = read_changes(tmp_path / "changes.jsonl")
    assert [(change.id, change.time) for change in changes] == [("c1", 5), ("line-3", 0), ("line-4", 10**9)]
    assert [one.place for one in lost] == ["changes.jsonl:2"]


def test_an_alert_that_cannot_be_read_is_none_and_named(tmp_path: Path) -> None:
    (tmp_path / "alert.json").write_text("[")
    assert read_alert(tmp_path / "other.json") == (None, ())
    alert, lost = read_alert(tmp_path / "alert.json")
    assert alert is None
    assert [one.place for one in lost] == ["alert.json"]
