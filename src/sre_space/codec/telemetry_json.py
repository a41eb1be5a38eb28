"""The forms of telemetry in JSON, told apart by what a document holds; each is added to the columns.

OTLP requests (also of Tempo and of Jaeger's API v3, in lists, and single resources), Jaeger's traces, Zipkin's spans.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sre_space.analysis.diagnosis.building import LogBuilder, MetricBuilder, SpanBuilder
from sre_space.codec.jaeger_columns import add_lone_spans, add_trace
from sre_space.codec.lost import PARSE_ERRORS, Lost
from sre_space.codec.otlp_json import add_resources_of_logs, add_resources_of_metrics, add_resources_of_spans
from sre_space.codec.spelling import camel
from sre_space.codec.zipkin_columns import add_zipkin_spans
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON
# What holds a whole answer or a document: Jaeger's API v3, Tempo's v2, Jaeger's queries, Elasticsearch
_WRAPPERS = ("result", "trace", "data", "hits", "_source")
_SPANS = ("scopeSpans", "instrumentationLibrarySpans")
_METRICS = ("scopeMetrics", "instrumentationLibraryMetrics")
_LOGS = ("scopeLogs", "instrumentationLibraryLogs")


@dataclass(frozen=True)
class Builders:
    """The columns that are being filled."""

    spans: SpanBuilder = field(default_factory=SpanBuilder)
    metrics: MetricBuilder = field(default_factory=MetricBuilder)
    logs: LogBuilder = field(default_factory=LogBuilder)


def add_document(document: object, into: Builders) -> Lost:
    """Add what a JSON document holds; return what was lost; raise `Malformed` when it holds no telemetry."""
    try:
        return _added(camel(document), into)
    except PARSE_ERRORS as error:
        raise Malformed(f"no telemetry: {type(error).__name__}: {error}"[:200]) from error


def _added(document: Any, into: Builders) -> Lost:  # noqa: ANN401 - foreign JSON
    if isinstance(document, list):
        return _added_list(document, into)
    if not isinstance(document, dict):
        raise TypeError(f"a {type(document).__name__} is no OTLP, Jaeger or Zipkin JSON")
    lost, known = Lost(), False
    for key, add in _ADD.items():
        if key in document:
            known = True
            lost.update(add(document[key] or (), into))
    for keys, key in ((_SPANS, "resourceSpans"), (_METRICS, "resourceMetrics"), (_LOGS, "resourceLogs")):
        if any(scopes in document for scopes in keys):
            known = True
            lost.update(_ADD[key]([document], into))
    if known:
        return lost
    return _added_other(document, into)


_ADD: Mapping[str, Callable[[Sequence[Json], Builders], Lost]] = {
    "resourceSpans": lambda resources, into: add_resources_of_spans(resources, into.spans),
    "batches": lambda resources, into: add_resources_of_spans(resources, into.spans),  # Tempo's traces
    "resourceMetrics": lambda resources, into: add_resources_of_metrics(resources, into.metrics),
    "resourceLogs": lambda resources, into: add_resources_of_logs(resources, into.logs),
}


def _added_other(document: Json, into: Builders) -> Lost:
    """Add a trace of Jaeger, a span of Jaeger or Zipkin, or what a wrapper holds."""
    if isinstance(document.get("spans"), list):
        return add_trace(document, into.spans)
    if "spanID" in document:
        return add_lone_spans([document], into.spans)
    if _is_zipkin(document):
        return add_zipkin_spans([document], into.spans)
    for key in _WRAPPERS:
        if key in document:
            return _added(document[key] or [], into)
    if document:
        keys = ", ".join(str(key)[:20] for key in list(document)[:5])
        raise ValueError(f"no OTLP, Jaeger or Zipkin JSON: it holds {keys}")
    return Lost()


def _is_zipkin(document: Json) -> bool:
    return "traceId" in document and "id" in document


def _added_list(items: list[Any], into: Builders) -> Lost:
    """Add the items of a list; one of them that is no telemetry is lost alone, a list of nothing else is none."""
    if items and all(isinstance(item, dict) and _is_zipkin(item) for item in items):
        return add_zipkin_spans(items, into.spans)
    lost, refused = Lost(), 0
    for item in items:
        try:
            lost.update(_added(item, into))
        except PARSE_ERRORS as error:
            lost.note("item of a list", error)
            refused += 1
    if items and refused == len(items):
        raise ValueError(next(iter(lost)))
    return lost
