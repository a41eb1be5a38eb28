"""Part of a window: some of its traces or of its time, as tables of their own."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from sre_space.analysis.diagnosis.tables import (
    ERROR,
    ROOT,
    Flags,
    Ints,
    LogTable,
    MetricTable,
    SpanTable,
    Telemetry,
    Texts,
    no_logs,
    no_metrics,
)
from sre_space.analysis.diagnosis.window import Window

MIN_REQUESTS = 20  # the smallest number of requests of one kind that is halved


def some_spans(spans: SpanTable, keep: Flags) -> SpanTable:
    """Return the marked rows; a span whose parent is not among them becomes an orphan."""
    rows = np.flatnonzero(keep)
    place = np.full(len(spans) + 1, ROOT, np.int32)
    place[rows] = np.arange(len(rows))
    parent = place[spans.parent[rows]]
    columns = {
        name: getattr(spans, name)[rows]
        for name in ("trace", "service", "instance", "operation", "statement", "peer", "message")
    }
    columns |= {name: getattr(spans, name)[rows] for name in ("kind", "status", "code", "start", "end")}
    orphaned = (spans.parent[rows] != ROOT) & (parent == ROOT)
    ids = Texts(spans.span_ids.joined, spans.span_ids.ends, spans.span_ids.rows[rows])
    return replace(spans, **columns, parent=parent, orphan=spans.orphan[rows] | orphaned, span_ids=ids)


def some_traces(spans: SpanTable, traces: Flags) -> SpanTable:
    """Return the spans of the marked traces, by number."""
    return some_spans(spans, traces[spans.trace])


def faster_half(incident: Window) -> list[Window]:
    """Return the faster half of the successful requests of each kind, as a baseline when none was given.

    Kinds are the root's service and operation. Return no window when there are too few requests to halve.
    """
    spans = incident.spans
    roots = np.flatnonzero((spans.parent == ROOT) & ~spans.orphan)
    kind = incident.groups.of[roots]
    time = incident.trace_time[spans.trace[roots]]
    quick = np.zeros(len(spans.trace_ids), np.bool_)
    for number in np.unique(kind):
        here = kind == number
        if np.count_nonzero(here) >= MIN_REQUESTS:
            quick[spans.trace[roots[here & (time <= np.median(time[here]))]]] = True
    quick[spans.trace[spans.status == ERROR]] = False
    if not quick.any():
        return []
    return [Window.of(Telemetry(some_traces(spans, quick), no_metrics(), no_logs()))]


def between(telemetry: Telemetry, since: int, until: int) -> Telemetry:
    """Return the telemetry in [since, until) Unix ns; a trace belongs to the time of its first span."""
    return _some(telemetry, lambda times: (times >= since) & (times < until))


def outside(telemetry: Telemetry, periods: Sequence[tuple[int, int]]) -> Telemetry:
    """Return the telemetry that lies in none of some periods (first and last Unix ns)."""

    def keep(times: Ints) -> Flags:
        inside = np.zeros(len(times), np.bool_)
        for first, last in periods:
            inside |= (times >= first) & (times <= last)
        return ~inside

    return _some(telemetry, keep)


def _some(telemetry: Telemetry, keep: Callable[[Ints], Flags]) -> Telemetry:
    """Return what was observed at times that are to be kept."""
    return Telemetry(
        _some_of_spans(telemetry.spans, keep),
        _some_metrics(telemetry.metrics, keep(telemetry.metrics.time)),
        _some_logs(telemetry.logs, keep(telemetry.logs.time)),
        telemetry.unreadable,
        telemetry.whole,
    )


def _some_of_spans(spans: SpanTable, keep: Callable[[Ints], Flags]) -> SpanTable:
    begins = np.full(len(spans.trace_ids), np.iinfo(np.int64).max)
    np.minimum.at(begins, spans.trace, spans.start)
    return some_traces(spans, keep(begins))


def _some_metrics(metrics: MetricTable, keep: Flags) -> MetricTable:
    return replace(metrics, series=metrics.series[keep], time=metrics.time[keep], value=metrics.value[keep])


def _some_logs(logs: LogTable, keep: Flags) -> LogTable:
    names = ("time", "service", "severity", "body", *(("trace", "span") if len(logs.trace) else ()))
    columns = {name: getattr(logs, name)[keep] for name in names}
    return replace(logs, **columns)
