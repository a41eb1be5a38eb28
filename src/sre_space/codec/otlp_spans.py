"""Rows from the spans of one OTLP resource in JSON: the hot loop of the parser, for up to millions of spans."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sre_space.analysis.diagnosis.building import SpanBuilder
from sre_space.analysis.diagnosis.tables import ERROR, OK, UNSET
from sre_space.codec import span_facts
from sre_space.codec.lost import PARSE_ERRORS, Lost
from sre_space.codec.origins import Origin, service_of
from sre_space.codec.otlp import UNKNOWN_SERVICE
from sre_space.codec.plain_values import attributes_of, flat_value
from sre_space.codec.span_kinds import KINDS
from sre_space.codec.times import FIRST_DATE, LAST_DATE, LONGEST, nanoseconds

Json = Mapping[str, Any]  # foreign JSON; the rows give it types

SPAN_KINDS: Mapping[object, int] = {
    alias: number
    for number, kind in enumerate(KINDS)
    for alias in (number, str(number), kind.value, kind.name, f"SPAN_KIND_{kind.name}")
}
STATUSES: Mapping[object, int] = {
    alias: number
    for number, name in ((OK, "OK"), (ERROR, "ERROR"))
    for alias in (number, str(number), name, name.title(), f"STATUS_CODE_{name}")
}


def add_resource_spans(spans: Iterable[Json], origin: Origin, into: SpanBuilder, lost: Lost) -> None:
    """Add the spans of one sender; a span that cannot be read is lost alone."""
    names, rows, wanted, facts_of = into.names, into.rows, span_facts.WANTED, span_facts.facts_of
    service, instance = names[origin.service], names[origin.instance]
    nameless = origin.service == UNKNOWN_SERVICE
    for span in spans:
        try:
            get = span.get
            pairs = get("attributes") or ()
            if type(pairs) is dict:
                pairs = [{"key": key, "value": {"stringValue": value}} for key, value in pairs.items()]
            attributes = tuple(
                [(pair["key"], flat_value(pair.get("value"))) for pair in pairs if pair["key"] in wanted]
            )
            facts = facts_of(attributes)
            status = get("status") or {}
            state = ERROR if facts.failed else STATUSES.get(status.get("code"), UNSET)
            events = get("events")
            if state == UNSET and events and threw(events):
                state = ERROR
            start = _time(get("startTimeUnixNano"))
            if start <= 0:
                raise ValueError("it has no time")
            end = _time(get("endTimeUnixNano"))
            if end - start > LONGEST:
                raise ValueError("it lasts more than 30 days")
            rows.append(
                (
                    str(get("traceId") or ""),
                    str(get("spanId") or ""),
                    str(get("parentSpanId") or ""),
                    names[service_of(attributes_of(pairs))] if nameless else service,
                    instance,
                    names[span_facts.operation_of(str(get("name") or ""))],
                    names[facts.statement],
                    names[facts.peer],
                    names[str(status.get("message") or "") or _failure(events, attributes)] if state == ERROR else 0,
                    SPAN_KINDS.get(get("kind"), 0),
                    state,
                    facts.code,
                    start,
                    end if end > start else start,
                )
            )
        except PARSE_ERRORS as error:
            lost.note("span", error)


def _time(value: object) -> int:
    """Return Unix ns; a number of ns is the common case."""
    try:
        at = int(value)  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return nanoseconds(value)
    return at if FIRST_DATE <= at <= LAST_DATE else nanoseconds(value)


def threw(events: Sequence[Json]) -> bool:
    """Return True when one of the events is an exception that was not handled within the span."""
    return any(
        event.get("name") in ("exception", "error")
        and str(attributes_of(event.get("attributes")).get("exception.escaped", "")).lower() != "false"
        for event in events
    )


def _failure(events: Sequence[Json] | None, attributes: span_facts.Pairs) -> str:
    """Return the failure of a span without a status message: its exception event's message, else its attributes'."""
    for event in events or ():
        message = span_facts.message_of(attributes_of(event.get("attributes")))
        if message:
            return message
    return span_facts.message_of(dict(attributes))
