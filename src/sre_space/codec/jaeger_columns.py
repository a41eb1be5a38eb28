"""Parser of Jaeger's JSON (`/api/traces`, a download of its UI, one trace) into the columns of `analysis.diagnosis`.

Times in the JSON are microseconds. A span that does not parse is lost alone, and counted.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sre_space.analysis.diagnosis.building import Row, SpanBuilder
from sre_space.analysis.diagnosis.tables import ERROR, UNSET
from sre_space.codec import span_facts
from sre_space.codec.lost import PARSE_ERRORS, Lost
from sre_space.codec.origins import service_of
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.otlp_spans import SPAN_KINDS, STATUSES
from sre_space.codec.span_facts import MAX_LENGTH
from sre_space.codec.times import checked_span, unit_of
from sre_space.domain.errors import Malformed

Json = Mapping[str, Any]  # foreign JSON; the rows give it types
MICROSECONDS = 1000  # ns

_INSTANCES = ("k8s.pod.name", "service.instance.id", "hostname", "host.name", "ip")
_THROWN = ("exception", "error")


def add_traces(document: bytes, into: SpanBuilder, window: tuple[int, int] | None = None) -> list[tuple[int, str]]:
    """Add the spans of a query answer; return the number and reason of each trace that was skipped or lost spans.

    With a `window` (Unix ns) a span that begins before it or ends after it is dropped: a span dated tomorrow would
    shift every comparison. Raise `Malformed` when the document is not Jaeger query JSON.
    """
    try:
        answer = json.loads(document)
        traces = answer["data"] if isinstance(answer, dict) else answer
        numbered = list(enumerate(traces or (), 1))
    except PARSE_ERRORS as error:
        raise Malformed(f"no Jaeger query JSON: {type(error).__name__}: {error}") from error
    return [(number, why) for number, trace in numbered if (why := _why(add_trace(trace, into, window)))]


def _why(lost: Lost) -> str:
    return ", ".join(f"{count} × {reason}" if count > 1 else reason for reason, count in lost.items())


def add_trace(trace: Json, into: SpanBuilder, window: tuple[int, int] | None = None) -> Lost:
    """Add the spans of one trace (in the `window`, if there is one), and return what was lost."""
    lost = Lost()
    outside = 0
    with lost.guard("trace"):
        processes = {key: _process(process) for key, process in (trace.get("processes") or {}).items()}
        for span in trace["spans"]:
            with lost.guard("span"):
                row = _row(span, processes, str(trace.get("traceID") or ""), into)
                if window and not (window[0] <= row[-2] and row[-1] <= window[1]):
                    outside += 1
                else:
                    into.rows.append(row)
    if outside:
        lost[f"{outside} spans of another time"] += 1
    into.flush()
    return lost


def add_lone_spans(spans: Iterable[Json], into: SpanBuilder) -> Lost:
    """Add spans that hold their process themselves, as Jaeger stores them in Elasticsearch; return what was lost."""
    lost = Lost()
    for span in spans:
        with lost.guard("span"):
            into.rows.append(_row(span, {}, "", into))
    into.flush()
    return lost


def _row(span: Json, processes: Mapping[str, tuple[str, str]], trace: str, into: SpanBuilder) -> Row:
    names = into.names
    tags = _tags(span)
    service, instance = processes.get(str(span.get("processID"))) or _process(span.get("process") or {})
    facts = span_facts.facts_of(
        tuple((key, str(value)[:MAX_LENGTH]) for key, value in tags.items() if key in span_facts.WANTED)
    )
    logs = [_fields(log) for log in span.get("logs") or ()]
    state = ERROR if facts.failed else STATUSES.get(str(tags.get("otel.status_code")), UNSET)
    if state == UNSET and any(_threw(fields) for fields in logs):
        state = ERROR
    start, end = _times(span)
    return (
        str(span.get("traceID") or trace),
        str(span["spanID"]),
        _parent(span),
        names[service],
        names[instance],
        names[span_facts.operation_of(str(span.get("operationName") or ""))],
        names[facts.statement],
        names[facts.peer],
        names[_failure(logs, tags)] if state == ERROR else 0,
        SPAN_KINDS.get(str(tags.get("span.kind")).lower(), 0),
        state,
        facts.code,
        start,
        end,
    )


def _times(span: Json) -> tuple[int, int]:
    """Return begin and end in Unix ns; both times are in microseconds, or in whatever unit makes the begin a date."""
    begun = int(span["startTime"])
    unit = unit_of(begun, MICROSECONDS)
    start = begun * unit
    end = start + max(0, int(span.get("duration") or 0)) * unit
    checked_span(start, end)
    return start, end


def _tags(holder: Json) -> dict[str, Any]:
    """Return the tags of a span or process: a list of pairs, or one object (`tag`, as Elasticsearch has them)."""
    tags = holder.get("tags") or ()
    pairs = dict(tags) if isinstance(tags, Mapping) else {tag["key"]: tag.get("value") for tag in tags}
    return {**{str(key).replace("@", "."): value for key, value in (holder.get("tag") or {}).items()}, **pairs}


def _process(process: Json) -> tuple[str, str]:
    tags = _tags(process)
    instance = next((str(tags[key]) for key in _INSTANCES if tags.get(key)), "")
    service = str(process.get("serviceName") or "")
    if not service or service.startswith((UNKNOWN_SERVICE, "OTLPResourceNoServiceName", "empty-service-name")):
        named = service_of(tags)
        service = named if named != UNKNOWN_SERVICE else service or UNKNOWN_SERVICE
    return service[:MAX_LENGTH], instance[:MAX_LENGTH]


def _parent(span: Json) -> str:
    """Return the id of the CHILD_OF reference, else of the first one, else `parentSpanID` (old Jaegers), else ""."""
    references: Sequence[Json] = span.get("references") or ()
    ranked = sorted(references, key=lambda reference: reference.get("refType") != "CHILD_OF")
    return str(ranked[0]["spanID"]) if ranked else str(span.get("parentSpanID") or "")


def _fields(log: Json) -> dict[str, Any]:
    return {field["key"]: field.get("value") for field in log.get("fields") or ()}


def _threw(fields: Json) -> bool:
    """Return True for a log of an exception that was not handled within the span."""
    return fields.get("event") in _THROWN and str(fields.get("exception.escaped", "")).lower() != "false"


def _failure(logs: Sequence[Json], tags: span_facts.Attributes) -> str:
    for fields in logs:
        message = span_facts.message_of(fields) or (fields.get("event") == "error" and str(fields.get("message") or ""))
        if message:
            return str(message)[:MAX_LENGTH]
    return span_facts.message_of(tags)
