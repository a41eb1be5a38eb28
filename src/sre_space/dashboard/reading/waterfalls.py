"""Traces as lists and as waterfalls: the tree in rows, self time, the critical path."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.dashboard.answers.traces import SpanRow, TraceRow
from sre_space.dashboard.reading.words import SECOND, ms
from sre_space.domain.telemetry import Span, SpanStatus
from sre_space.text.plain_text import plain

MAX_SPANS, MAX_NAME, MAX_DEPTH = 20_000, 200, 500
MAX_ATTRIBUTES, MAX_VALUE = 128, 2_000
US = 1_000
Children = Mapping[str, Sequence[Span]]


def traces_of(spans: Sequence[Span], cited: frozenset[str]) -> list[TraceRow]:
    """Return one row a trace: the cited first, then those with errors, then the slowest."""
    by_trace: dict[str, list[Span]] = {}
    for span in spans:
        by_trace.setdefault(span.trace_id, []).append(span)
    rows = [_trace(trace_id, found, trace_id in cited) for trace_id, found in by_trace.items()]
    return sorted(rows, key=lambda row: (not row.cited, not row.errors, -row.duration_s))


def _trace(trace_id: str, spans: Sequence[Span], cited: bool) -> TraceRow:
    start, end = min(span.start for span in spans), max(span.end for span in spans)
    known = {span.span_id for span in spans}
    root = min(spans, key=lambda span: (span.parent_id in known, span.start))
    return TraceRow(
        trace_id=trace_id,
        root=f"{plain(root.service)} {plain(root.name)}"[:MAX_NAME],
        at=ms(start),
        duration_s=(end - start) / SECOND,
        spans=len(spans),
        errors=sum(span.status is SpanStatus.ERROR for span in spans),
        services=tuple(sorted({plain(span.service) for span in spans})),
        cited=cited,
    )


def rows(spans: Sequence[Span], culprits: frozenset[str] = frozenset()) -> list[SpanRow]:
    """Return the spans of one trace as the rows of its tree, depth first, children by their start."""
    unique = {span.span_id: span for span in sorted(spans, key=lambda span: (span.start, -span.end))[:MAX_SPANS]}
    begun = min((span.start for span in unique.values()), default=0)
    children: dict[str, list[Span]] = {}
    for span in unique.values():
        parent = span.parent_id if span.parent_id in unique and span.parent_id != span.span_id else ""
        children.setdefault(parent, []).append(span)
    marked = _Marked(_critical(children), culprits)
    walked = list(_walk(children))
    seen = {span.span_id for span, _ in walked}
    walked += [(span, 0) for span in unique.values() if span.span_id not in seen]  # in a circle of parents
    return [_row(span, depth, begun, children.get(span.span_id, ()), marked) for span, depth in walked]


def _walk(children: Children) -> Iterator[tuple[Span, int]]:
    stack = [(span, 0) for span in reversed(children.get("", ()))]
    while stack:
        span, depth = stack.pop()
        yield span, depth
        stack += [(child, min(depth + 1, MAX_DEPTH)) for child in reversed(children.get(span.span_id, ()))]


@dataclass(frozen=True)
class _Marked:
    """Which spans are on the critical path, and which the diagnosis cites."""

    critical: frozenset[str]
    culprits: frozenset[str]


def _row(span: Span, depth: int, begun: int, below: Sequence[Span], marked: _Marked) -> SpanRow:
    return SpanRow(
        id=span.span_id,
        parent=span.parent_id,
        service=plain(span.service)[:MAX_NAME],
        name=plain(span.name)[:MAX_NAME],
        kind=span.kind.value,
        start_us=(span.start - begun) // US,
        duration_us=span.duration // US,
        own_us=_own(span, below) // US,
        depth=depth,
        children=len(below),
        error=span.status is SpanStatus.ERROR,
        message=plain(span.status_message)[:MAX_NAME],
        critical=span.span_id in marked.critical,
        culprit=span.span_id in marked.culprits,
    )


def _own(span: Span, children: Sequence[Span]) -> int:
    """Return the duration less the union of the children's intervals, each cut at the span's ends."""
    covered, until = 0, span.start
    for child in sorted(children, key=lambda child: child.start):
        start, end = max(child.start, until), min(child.end, span.end)
        covered += max(0, end - start)
        until = max(until, end)
    return max(0, span.duration - covered)


def _critical(children: Children) -> frozenset[str]:
    """Return the spans on the critical path: from the end of the longest root backwards, the child that ended last."""
    roots = children.get("", ())
    if not roots:
        return frozenset()
    path: set[str] = set()
    stack = [max(roots, key=lambda span: span.duration)]
    while stack:
        span = stack.pop()
        if span.span_id in path:
            continue
        path.add(span.span_id)
        until = span.end
        for child in sorted(children.get(span.span_id, ()), key=lambda child: child.end, reverse=True):
            if child.end <= until and child.end > span.start:
                stack.append(child)
                until = child.start
    return frozenset(path)


def attributes(span: Span) -> dict[str, str]:
    """Return a span's attributes as text, bounded."""
    pairs = list(span.attributes.items())[:MAX_ATTRIBUTES]
    return {plain(str(name))[:MAX_NAME]: plain(str(value))[:MAX_VALUE] for name, value in pairs}
