"""Parser of Zipkin's JSON v2 (`/api/v2/traces`, or its spans alone) into the columns of `analysis.diagnosis`.

Times in the JSON are microseconds. The two halves of a call share one id; the table tells them apart.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sre_space.analysis.diagnosis.building import Row, SpanBuilder
from sre_space.analysis.diagnosis.tables import ERROR, OK, UNSET
from sre_space.codec import span_facts
from sre_space.codec.lost import Lost
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.otlp_spans import SPAN_KINDS
from sre_space.codec.times import checked_span, unit_of

Json = Mapping[str, Any]  # foreign JSON
MICROSECONDS = 1000  # ns
_CALLS = ("CLIENT", "PRODUCER")


def add_zipkin_spans(spans: Iterable[Json], into: SpanBuilder) -> Lost:
    """Add the spans, and return what was lost."""
    lost = Lost()
    for span in spans:
        with lost.guard("span"):
            into.rows.append(_row(span, into))
    into.flush()
    return lost


def _row(span: Json, into: SpanBuilder) -> Row:
    names = into.names
    tags = {str(key): str(value)[: span_facts.MAX_LENGTH] for key, value in (span.get("tags") or {}).items()}
    facts = span_facts.facts_of(tuple(pair for pair in tags.items() if pair[0] in span_facts.WANTED))
    kind = str(span.get("kind") or "").upper()
    failed = facts.failed or ("error" in tags and tags["error"].lower() != "false")  # Zipkin: any value is a failure
    begun = int(span["timestamp"])
    unit = unit_of(begun, MICROSECONDS)
    start = begun * unit
    end = start + max(0, int(span.get("duration") or 0)) * unit
    checked_span(start, end)
    return (
        str(span["traceId"]),
        str(span["id"]),
        str(span.get("parentId") or ""),
        names[_name(span.get("localEndpoint")) or UNKNOWN_SERVICE],
        names[str((span.get("localEndpoint") or {}).get("ipv4") or "")],
        names[span_facts.operation_of(str(span.get("name") or ""))],
        names[facts.statement],
        names[_name(span.get("remoteEndpoint")) or facts.peer if kind in _CALLS else facts.peer],
        names[span_facts.message_of(tags)] if failed else 0,
        SPAN_KINDS.get(kind, 0),
        ERROR if failed else OK if tags.get("otel.status_code") == "OK" else UNSET,
        facts.code,
        start,
        end,
    )


def _name(endpoint: Json | None) -> str:
    """Return the name of an endpoint, "" for one that has none."""
    return str((endpoint or {}).get("serviceName") or "")[: span_facts.MAX_LENGTH]
