"""The ids of the trace and the span that a log line belongs to: of the record, else its attributes, else its text."""

import re
from collections.abc import Mapping
from typing import Any

TRACE = ("trace_id", "traceId", "traceid", "trace.id", "otelTraceID", "dd.trace_id")
SPAN = ("span_id", "spanId", "spanid", "span.id", "otelSpanID", "dd.span_id")
_IN_TEXT = {
    key: re.compile(rf"\b{key}[_.-]?id[\"']?\s*[=:]\s*[\"']?([0-9a-f]{{{least},32}})\b", re.IGNORECASE)
    for key, least in (("trace", 16), ("span", 8))
}


def ids_of(record: Mapping[str, Any], attributes: Mapping[str, Any], text: str) -> tuple[str, str]:
    """Return the ids of trace and span, "" for none.

    >>> ids_of({}, {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}, "span_id=00f067aa0ba902b7 slow")
    ('4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7')
    """
    trace = str(record.get("traceId") or "") or _first(attributes, TRACE) or _in_text(text, "trace")
    return trace, str(record.get("spanId") or "") or _first(attributes, SPAN) or _in_text(text, "span")


def _first(attributes: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    return next((str(attributes[key]) for key in keys if attributes.get(key)), "")


def _in_text(text: str, key: str) -> str:
    found = _IN_TEXT[key].search(text)
    return found[1].lower() if found else ""
