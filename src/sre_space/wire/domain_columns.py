"""Spans and log records that an agent already holds as values, into the columns of `analysis.diagnosis`.

For the Brain, whose spans come from the port `Traces`; files go straight to columns.
"""

from collections.abc import Iterable

from sre_space.analysis.diagnosis.building import LogBuilder, SpanBuilder, SpanRow
from sre_space.analysis.diagnosis.tables import ERROR, OK, UNSET
from sre_space.domain.telemetry import LogRecord, Span, SpanKind, SpanStatus
from sre_space.wire import span_facts
from sre_space.wire.log_text import severity_of, text_of

_KINDS = {kind: number for number, kind in enumerate(SpanKind)}
_STATUSES = {SpanStatus.UNSET: UNSET, SpanStatus.OK: OK, SpanStatus.ERROR: ERROR}


def add_span_values(spans: Iterable[Span], into: SpanBuilder) -> None:
    """All of them."""
    for span in spans:
        into.rows.append(_row(span, into))
        into.flush()


def _row(span: Span, into: SpanBuilder) -> SpanRow:
    names = into.names
    facts = span_facts.facts_of(tuple(pair for pair in span.attributes.items() if pair[0] in span_facts.WANTED))
    state = ERROR if facts.failed else _STATUSES[span.status]
    told = span.status_message or span_facts.message_of(span.attributes)
    return SpanRow(
        span.trace_id,
        span.span_id,
        span.parent_id,
        names[span.service],
        names[str(span.attributes.get("service.instance.id") or "")],
        names[span_facts.operation_of(span.name)],
        names[facts.statement],
        names[facts.peer],
        names[told] if state == ERROR else 0,
        _KINDS[span.kind],
        state,
        facts.code,
        span.start,
        max(span.start, span.end),
    )


def add_log_values(records: Iterable[LogRecord], into: LogBuilder) -> None:
    """All of them; the message inside a JSON body is what counts."""
    for record in records:
        text = text_of(record.body)
        severity = severity_of(0, record.severity, text)
        into.rows.append((record.at, into.names[record.service], severity, into.names[text.message]))
