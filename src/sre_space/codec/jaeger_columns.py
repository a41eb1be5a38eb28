"""Parser of Jaeger query JSON (`/api/traces`, or a download of the Jaeger UI) into the columns of `analysis.diagnosis`.

Times in the JSON are microseconds. A trace that does not parse is skipped and reported.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sre_space.analysis.diagnosis.building import SpanBuilder, SpanRow
from sre_space.analysis.diagnosis.tables import ERROR, OK, UNSET
from sre_space.codec import span_facts
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.span_facts import MAX_LENGTH
from sre_space.codec.span_kinds import NUMBERS
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON; the rows give it types
LATEST = 2**63 - 1

_STATUSES = {"OK": OK, "ERROR": ERROR}
_INSTANCES = ("k8s.pod.name", "service.instance.id", "hostname", "host.name", "ip")
_PARSE_ERRORS = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def add_traces(document: bytes, into: SpanBuilder, window: tuple[int, int] | None = None) -> list[tuple[int, str]]:
    """Add the spans of a query answer; return the number and reason of each trace that was skipped or lost spans.

    With a `window` (Unix ns) a span that begins before it or ends after it is dropped: a span dated tomorrow would
    shift every comparison. Raise `Malformed` when the document is not Jaeger query JSON.
    """
    try:
        answer = json.loads(document)
        traces = answer["data"] if isinstance(answer, dict) else answer
        numbered = list(enumerate(traces or (), 1))
    except _PARSE_ERRORS as error:
        raise Malformed(f"no Jaeger query JSON: {type(error).__name__}: {error}") from error
    return [(number, why) for number, trace in numbered if (why := _added(trace, into, window))]


def _added(trace: Json, into: SpanBuilder, window: tuple[int, int] | None) -> str:
    """Add a trace's spans; return why it was skipped or lost spans, "" when the whole trace was added."""
    mark = len(into.rows)
    try:
        rows = list(_rows(trace, into))
        in_window = [row for row in rows if not window or (window[0] <= row.start and row.end <= window[1])]
        into.rows.extend(in_window)
    except _PARSE_ERRORS as error:
        del into.rows[mark:]
        return f"{type(error).__name__}: {error}"
    into.flush()
    return f"{len(rows) - len(in_window)} spans of another time" if len(in_window) < len(rows) else ""


def _rows(trace: Json, into: SpanBuilder) -> Iterator[SpanRow]:
    names = into.names
    processes = {key: _process(process) for key, process in (trace.get("processes") or {}).items()}
    for span in trace["spans"]:
        tags = {tag["key"]: tag.get("value") for tag in span.get("tags") or ()}
        service, instance = processes.get(span.get("processID")) or _process(span.get("process") or {})
        facts = span_facts.facts_of(
            tuple((key, str(value)[:MAX_LENGTH]) for key, value in tags.items() if key in span_facts.WANTED)
        )
        state = ERROR if facts.failed else _STATUSES.get(str(tags.get("otel.status_code")), UNSET)
        start = int(span["startTime"]) * 1000
        end = start + max(0, int(span.get("duration") or 0)) * 1000
        if not 0 <= start <= end <= LATEST:
            raise ValueError(f"{start} to {end} is no time")
        yield SpanRow(
            str(span.get("traceID") or trace.get("traceID") or ""),
            str(span["spanID"]),
            _parent(span),
            names[service],
            names[instance],
            names[span_facts.operation_of(str(span.get("operationName") or ""))],
            names[facts.statement],
            names[facts.peer],
            names[_failure(span, tags)] if state == ERROR else 0,
            NUMBERS.get(str(tags.get("span.kind")), 0),
            state,
            facts.code,
            start,
            end,
        )


def _process(process: Json) -> tuple[str, str]:
    tags = {tag["key"]: tag.get("value") for tag in process.get("tags") or ()}
    instance = next((str(tags[key]) for key in _INSTANCES if tags.get(key)), "")
    return str(process.get("serviceName") or UNKNOWN_SERVICE)[:MAX_LENGTH], instance[:MAX_LENGTH]


def _parent(span: Json) -> str:
    """Return the id of the CHILD_OF reference, else of the first one, else `parentSpanID` (old Jaegers), else ""."""
    references: Sequence[Json] = span.get("references") or ()
    ranked = sorted(references, key=lambda reference: reference.get("refType") != "CHILD_OF")
    return str(ranked[0]["spanID"]) if ranked else str(span.get("parentSpanID") or "")


def _failure(span: Json, tags: span_facts.Attributes) -> str:
    for log in span.get("logs") or ():
        fields = {field["key"]: field.get("value") for field in log.get("fields") or ()}
        message = span_facts.message_of(fields) or (fields.get("event") == "error" and str(fields.get("message") or ""))
        if message:
            return str(message)[:MAX_LENGTH]
    return span_facts.message_of(tags)
