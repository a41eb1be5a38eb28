"""Spans in every form that tools write them: the same fault is found in each, and what is lost is said."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
from support.foreign import Json, jaeger, jaeger_trace, otlp, zipkin
from support.shop import Fault, Made, shop

from sre_space.adapters.compressed_files import zstd
from sre_space.adapters.telemetry_files import read_folder
from sre_space.bootstrap.diagnose import Answer, diagnose_folder

SLOW = Fault(slow={"GET /rate": 40})
Write = Callable[[list[Made]], bytes]


def snake(node: object) -> object:
    """Return the document in the protocol's own spelling."""
    if isinstance(node, list):
        return [snake(item) for item in node]
    if isinstance(node, dict):
        return {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): snake(item) for key, item in node.items()}
    return node


def renamed(document: Json, old: str, new: str) -> Json:
    loaded: Json = json.loads(json.dumps(document).replace(f'"{old}"', f'"{new}"'))
    return loaded


def scaled(unit: int) -> Callable[[Json, Made], Json]:
    """Return the change of times to another unit: one is `unit` ns."""
    return lambda told, span: {
        **told,
        "startTimeUnixNano": span.start / unit,
        "endTimeUnixNano": f"{span.end / unit:.6f}",
    }


def named(told: Json, _: Made) -> Json:
    names = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT")
    return {**told, "kind": f"SPAN_KIND_{names[told['kind']]}"}


def pretty(document: object) -> str:
    return json.dumps(document, indent=1)


def lines(*documents: object) -> bytes:
    return "".join(json.dumps(document) + "\n" for document in documents).encode()


def halves(spans: list[Made]) -> list[Json]:
    middle = spans[len(spans) // 2].trace
    at = next(number for number, span in enumerate(spans) if span.trace == middle)
    return [otlp(spans[:at]), otlp(spans[at:])]


def documents(spans: list[Made]) -> list[Json]:
    """Return the spans as Jaeger stores them in Elasticsearch."""
    return [
        {"_index": "jaeger-span", "_source": {**span, "process": trace["processes"][span["processID"]]}}
        for trace in jaeger(spans)
        for span in trace["spans"]
    ]


FORMS: dict[str, tuple[str, Write]] = {
    "one request a line": ("traces.jsonl", lambda spans: lines(*halves(spans))),
    "the Collector's own name": ("otel-export-2026-07-25.json", lambda spans: lines(*halves(spans))),
    "a list of requests": ("traces.json", lambda spans: lines(halves(spans))),
    "pretty-printed": ("traces.json", lambda spans: json.dumps(otlp(spans), indent=2).encode()),
    "a pretty-printed list": ("traces.json", lambda spans: json.dumps(halves(spans), indent=4).encode()),
    "one after the other": ("spans.json", lambda spans: "\n".join(pretty(half) for half in halves(spans)).encode()),
    "on one line": ("spans.json", lambda spans: " ".join(map(json.dumps, halves(spans))).encode()),
    "a byte order mark": ("traces.json", lambda spans: b"\xef\xbb\xbf" + lines(otlp(spans))),
    "UTF-16, as a shell of Windows writes": ("traces.json", lambda spans: lines(otlp(spans)).decode().encode("utf-16")),
    "Windows' ends of lines": ("traces.jsonl", lambda spans: lines(*halves(spans)).replace(b"\n", b"\r\n")),
    "the protocol's spelling": ("traces.jsonl", lambda spans: lines(*map(snake, halves(spans)))),
    "before OTLP 0.15": (
        "traces.jsonl",
        lambda spans: lines(renamed(otlp(spans), "scopeSpans", "instrumentationLibrarySpans")),
    ),
    "Tempo's batches": ("trace.json", lambda spans: lines(renamed(otlp(spans), "resourceSpans", "batches"))),
    "Tempo's API v2": ("trace.json", lambda spans: lines({"trace": otlp(spans)})),
    "Jaeger's API v3": ("traces.jsonl", lambda spans: lines(*({"result": half} for half in halves(spans)))),
    "resources alone": ("traces.json", lambda spans: lines(otlp(spans)["resourceSpans"])),
    "Jaeger's answer": ("api.json", lambda spans: lines({"data": jaeger(spans)})),
    "Jaeger UI's download": ("traces-1790000000000.json", lambda spans: pretty({"data": jaeger(spans)}).encode()),
    "Jaeger's traces, one a line": ("traces.jsonl", lambda spans: lines(*jaeger(spans))),
    "a list of Jaeger's traces": ("x.jaeger.json", lambda spans: lines(jaeger(spans))),
    "Elasticsearch's answer": ("es.json", lambda spans: lines({"took": 3, "hits": {"hits": documents(spans)}})),
    "a dump of Elasticsearch": ("es.jsonl", lambda spans: lines(*documents(spans))),
    "Zipkin's traces": ("zipkin.json", lambda spans: lines([zipkin(spans[:400]), zipkin(spans[400:])])),
    "Zipkin's spans": ("zipkin.json", lambda spans: lines(zipkin(spans))),
    "Zipkin's spans, one a line": ("zipkin.jsonl", lambda spans: lines(*zipkin(spans))),
    "seconds": ("traces.jsonl", lambda spans: lines(otlp(spans, scaled(10**9)))),
    "milliseconds": ("traces.jsonl", lambda spans: lines(otlp(spans, scaled(10**6)))),
    "microseconds": ("traces.jsonl", lambda spans: lines(otlp(spans, scaled(1000)))),
    "names of kinds": ("traces.jsonl", lambda spans: lines(otlp(spans, named))),
    "gzip": ("traces.jsonl.gz", lambda spans: gzip.compress(lines(otlp(spans)))),
    "gzip by another name": ("traces.json", lambda spans: gzip.compress(lines(otlp(spans)))),
    "zstd": ("traces.jsonl.zst", lambda spans: zstd.compress(lines(otlp(spans)))),
    "bzip2": ("traces.json.bz2", lambda spans: bz2.compress(lines(otlp(spans)))),
    "xz": ("traces.jsonl.xz", lambda spans: lzma.compress(lines(otlp(spans)))),
    "the Collector's compression": (
        "traces.json",
        lambda spans: b"".join(
            len(piece).to_bytes(4, "big") + piece for piece in (zstd.compress(lines(half)) for half in halves(spans))
        ),
    ),
}  # fmt: skip


def diagnosed(tmp_path: Path, write: Write, name: str, incident: list[Made]) -> Answer:
    for folder, spans in (("incident", incident), ("healthy", shop(90, 7))):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(write(spans))
    return diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None)


@pytest.mark.parametrize("form", FORMS)
def test_the_fault_is_found_in_every_form(tmp_path: Path, form: str) -> None:
    name, write = FORMS[form]
    answer = diagnosed(tmp_path, write, name, shop(90, 2, SLOW))

    assert answer.diagnosis.causes[0].service == "tax"
    assert answer.diagnosis.verdict == "CONFIRMED"
    assert answer.unread == ()


def test_a_single_trace_is_read(tmp_path: Path) -> None:
    spans = shop(3, 2)
    (tmp_path / f"{spans[0].trace}.json").write_bytes(lines(jaeger_trace(spans, spans[0].trace)))
    assert len(read_folder(tmp_path).spans) == sum(span.trace == spans[0].trace for span in spans)


@pytest.mark.parametrize(
    "bad",
    [
        {"endTimeUnixNano": "18446744073709551000"},
        {"endTimeUnixNano": "4000000000000000000"},
        {"startTimeUnixNano": "soon"},
        {"startTimeUnixNano": None},
        {"kind": []},
        {"attributes": [{"value": 1}]},
        {"events": 5},
        {"status": "failed"},
    ],
)
def test_a_bad_span_is_lost_alone_and_counted(tmp_path: Path, bad: Json) -> None:
    spans = shop(20, 2)

    def broken(told: Json, span: Made) -> Json:
        return {**told, **bad} if span.service == "cart" and not span.statement else told

    lost = sum(span.service == "cart" and not span.statement for span in spans)
    (tmp_path / "traces.jsonl").write_bytes(lines(otlp(spans, broken)))
    found = read_folder(tmp_path)

    assert len(found.spans) == len(spans) - lost
    assert sum(item.count for item in found.unreadable) == lost
    assert {item.place for item in found.unreadable} == {"traces.jsonl:1"}


@pytest.mark.parametrize("name", ["spans.pb", "spans.parquet", "orders.log", "spans.csv"])
def test_a_file_of_another_kind_is_said_not_ignored(tmp_path: Path, name: str) -> None:
    answer = diagnosed(tmp_path, FORMS["one request a line"][1], "traces.jsonl", shop(90, 2))
    (tmp_path / "incident" / name).write_bytes(b"x")
    answer = diagnose_folder(tmp_path / "incident", [tmp_path / "healthy"], None)
    assert [(item.place, item.reason) for item in answer.unread] == [(name, "no file of JSON (.json, .jsonl, .ndjson)")]


def test_a_long_document_that_is_broken_costs_one_reason(tmp_path: Path) -> None:
    whole = json.dumps(otlp(shop(20, 2)), indent=2).splitlines()
    whole[len(whole) // 2] = '"oops'
    (tmp_path / "traces.json").write_text("\n".join(whole))
    (item,) = read_folder(tmp_path).unreadable
    assert item.reason.startswith("no JSON: ")


def test_a_line_that_was_cut_off_costs_nothing_else(tmp_path: Path) -> None:
    first, second = halves(shop(90, 2))
    (tmp_path / "traces.jsonl").write_bytes(lines(first)[:5000] + b"\n" + lines(second) + b"\n{broken\n" + lines(first))
    found = read_folder(tmp_path)
    assert len(found.spans) == len(shop(90, 2))
    assert [item.place for item in found.unreadable] == ["traces.jsonl:1", "traces.jsonl:4"]
