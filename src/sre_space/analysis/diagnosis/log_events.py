"""Log lines that bear the id of their span: spans whose log tells of a failure, or stops where it used to go on.

A service that catches an exception, or answers wrongly, often says so in its log alone. The order of lines within a
span shows where work broke off, as Nezha's event graphs do (Yu et al., FSE 2023).
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.tables import Flags, Ints
from sre_space.analysis.diagnosis.templates import FAULT, WARNING, Templates
from sre_space.analysis.diagnosis.window import Window

BEGIN = -1  # before a span's first line
Key = tuple[CallGroup, int]  # what a span does, and a template of its log, or BEGIN


@dataclass(frozen=True)
class LogEvents:
    """The lines of a window's spans in order: the span's row, the template, whether the line tells of a fault.

    `last` marks the last line of its span.
    """

    row: Ints
    template: Ints
    faulty: Flags
    last: Flags


def log_events(window: Window, templates: Templates) -> LogEvents:
    """Return the log lines of the window that belong to its spans."""
    logs = window.telemetry.logs
    place = _places(window) if len(logs.trace) else {}
    found: list[tuple[int, int, int]] = []
    columns = (logs.trace.tolist(), logs.span.tolist(), logs.time.tolist()) if place else ((), (), ())
    for line, (trace, span, at) in enumerate(zip(*columns, strict=True)):
        where = place.get((logs.ids[trace], logs.ids[span]))
        if where is not None:
            found.append((where, at, line))
    found.sort()
    row = np.array([entry[0] for entry in found], np.int64)
    lines = np.array([entry[2] for entry in found], np.int64)
    ranks = np.digitize(logs.severity[lines], (WARNING, FAULT)) if len(lines) else np.zeros(0, np.int64)
    texts = [logs.names[code] for code in logs.body[lines].tolist()]
    template = [templates.of(text, rank) for text, rank in zip(texts, ranks.tolist(), strict=True)]
    last = np.concatenate((row[1:] != row[:-1], np.ones(min(1, len(row)), np.bool_)))
    return LogEvents(row, np.array(template, np.int64), ranks == 2, last)


def _places(window: Window) -> Mapping[tuple[str, str], int]:
    """Return the row of each span whose trace has log lines, by trace id and span id."""
    spans, logs = window.spans, window.telemetry.logs
    wanted = set(logs.ids)
    traces = np.array([trace in wanted for trace in spans.trace_ids], np.bool_)
    rows = np.flatnonzero(traces[spans.trace]) if len(spans) else np.zeros(0, np.int64)
    return {(spans.trace_ids[spans.trace[row]], spans.span_ids[row]): row for row in rows.tolist()}


def said_of_faults(window: Window) -> Mapping[int, str]:
    """Return the first line that tells of a fault, for each span that has one."""
    logs = window.telemetry.logs
    place = _places(window) if len(logs.trace) else {}
    said: dict[int, str] = {}
    for line in np.flatnonzero(logs.severity >= FAULT).tolist() if place else ():
        row = place.get((logs.ids[logs.trace[line]], logs.ids[logs.span[line]]))
        if row is not None:
            said.setdefault(row, logs.names[logs.body[line]])
    return said


def talking(events: LogEvents, window: Window) -> set[CallGroup]:
    """Return what the spans do that have lines."""
    return {window.groups.keys[number] for number in np.unique(window.groups.of[events.row]).tolist()}


def faulty_spans(events: LogEvents, window: Window) -> dict[Key, Ints]:
    """Return the spans whose log tells of a fault, by what they do and the template."""
    return _spans_by_key(events, events.faulty, window)


def ended_spans(events: LogEvents, window: Window, groups: Collection[CallGroup]) -> dict[Key, Ints]:
    """Return the spans whose log ends with a template, or, for spans of some groups, has no line (BEGIN)."""
    ended = _spans_by_key(events, events.last, window)
    silent = np.ones(len(window.spans), np.bool_)
    silent[events.row] = False
    for group, rows in _every(window, groups).items():
        if (without := rows[silent[rows]]).size:
            ended[group, BEGIN] = without
    return ended


def reached_spans(events: LogEvents, window: Window, groups: Collection[CallGroup]) -> dict[Key, Ints]:
    """Return the spans whose log has a template; all spans of some groups have BEGIN."""
    reached = _spans_by_key(events, np.ones(len(events.row), np.bool_), window)
    return reached | {(group, BEGIN): rows for group, rows in _every(window, groups).items()}


def _every(window: Window, groups: Collection[CallGroup]) -> dict[CallGroup, Ints]:
    numbers = window.groups.number
    return {group: window.groups.rows(numbers[group]) for group in groups if group in numbers}


def _spans_by_key(events: LogEvents, marked: Flags, window: Window) -> dict[Key, Ints]:
    rows: dict[Key, set[int]] = {}
    keys = window.groups.keys
    chosen, templates = events.row[marked], events.template[marked].tolist()
    for row, number, template in zip(chosen.tolist(), window.groups.of[chosen].tolist(), templates, strict=True):
        rows.setdefault((keys[number], template), set()).add(row)
    return {key: np.array(sorted(each), np.int64) for key, each in rows.items()}


def counts(rows: Mapping[Key, Ints]) -> Counter[Key]:
    """Return the number of spans by key."""
    return Counter({key: len(each) for key, each in rows.items()})
