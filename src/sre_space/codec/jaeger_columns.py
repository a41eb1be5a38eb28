"""Jaeger query JSON (`/api/traces`, or a download of the Jaeger UI) into the columns of `analysis.diagnosis`.

Times there are microseconds. A trace that does not parse is skipped and named.
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
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, RecursionError)


def add_traces(document: bytes, into: SpanBuilder, window: tuple[int, int] | None = None) -> list[tuple[int, str]]:
    """The spans of a query answer; the numbers of the traces that were skipped, or lost spans, and why.

    With a `window` (Unix ns) a span that claims to begin before it or to end after it is lost: one that is dated
    tomorrow would move all that is compared.
    """
    try:
        found = json.loads(document)
        traces = found["data"] if isinstance(found, dict) else found
        numbered = list(enumerate(traces or (), 1))
    except _BROKEN as error:
        raise Malformed(f"no Jaeger query JSON: {type(error).__name__}: {error}") from error
    return [(number, why) for number, trace in numbered if (why := _added(trace, into, window))]


def _added(trace: Json, into: SpanBuilder, window: tuple[int, int] | None) -> str:
    """ "" when the whole trace was added, else why not."""
    mark = len(into.rows)
    try:
        rows = list(_rows(trace, into))
        timely = [row for row in rows if not window or (window[0] <= row.start and row.end <= window[1])]
        into.rows.extend(timely)
    except _BROKEN as error:
        del into.rows[mark:]
        return f"{type(error).__name__}: {error}"
    into.flush()
    return f"{len(rows) - len(timely)} spans of another time" if len(timely) < len(rows) else ""


def _rows(trace: Json, into: SpanBuilder) -> Iterator[SpanRow]:
    names = into.names
    processes = {key: _process(one) for key, one in (trace.get("processes") or {}).items()}
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
    """The CHILD_OF reference, else the first; old Jaegers name `parentSpanID`."""
    references: Sequence[Json] = span.get("references") or ()
    ranked = sorted(references, key=lambda one: one.get("refType") != "CHILD_OF")
    return str(ranked[0]["spanID"]) if ranked else str(span.get("parentSpanID") or "")


def _failure(span: Json, tags: span_facts.Attributes) -> str:
    for log in span.get("logs") or ():
        fields = {one["key"]: one.get("value") for one in log.get("fields") or ()}
        told = span_facts.message_of(fields) or (fields.get("event") == "error" and str(fields.get("message") or ""))
        if told:
            return str(told)[:MAX_LENGTH]
    return span_facts.message_of(tags)
