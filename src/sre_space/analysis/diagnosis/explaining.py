"""Which failures explain others: what fails beneath a span while it waits, and what failed before it began.

A later failure explains no earlier one. What a service does after one of its calls failed may fail because of that.
"""

import numpy as np

from sre_space.analysis.diagnosis.selftime import afterwards
from sre_space.analysis.diagnosis.tables import ROOT, Floats, Ints, SpanTable
from sre_space.analysis.diagnosis.window import Window


def explained_by_others(failed: Floats, incident: Window) -> Floats:
    """Return, for each span, the worst failure that explains one of it; `failed` is how surely (0 to 1) each failed."""
    below = _below(failed, incident)
    return np.maximum(below, _before(np.maximum(failed, below), incident))


def _below(failed: Floats, incident: Window) -> Floats:
    """Return the worst failure beneath each span that began before the span had ended."""
    spans = incident.spans
    below = np.zeros(len(failed))
    rows = np.flatnonzero(failed)
    while len(rows):
        up = spans.parent[rows]
        rows, up = rows[up != ROOT], up[up != ROOT]
        during = ~afterwards(rows, up, spans)
        rows, up = rows[during], up[during]
        worst = np.maximum(failed[rows], below[rows])
        before = below[up]
        np.maximum.at(below, up, worst)
        rows = np.unique(up[below[up] > before])
    return below


def _before(failed: Floats, incident: Window) -> Floats:
    """Return the worst failure that had ended, in the same request, before each span began.

    Those of the same service beneath the same parent count, by one clock, and parents that had ended; and what they
    explain, they explain for all that is beneath.
    """
    spans = incident.spans
    before = np.zeros(len(failed))
    child = np.flatnonzero(spans.parent != ROOT)
    if not failed.any() or not len(child):
        return before
    up = spans.parent[child]
    late = afterwards(child, up, spans)
    before[child[late]] = failed[up[late]]
    _siblings(before, failed, child, spans)
    fresh = np.flatnonzero(before)
    below = child[np.argsort(up, kind="stable")]
    above = spans.parent[below]
    while len(fresh):
        marked = np.zeros(len(failed), np.bool_)
        marked[fresh] = True
        rows = below[marked[above]]
        rows = rows[before[spans.parent[rows]] > before[rows]]
        before[rows] = before[spans.parent[rows]]
        fresh = rows
    return before


def _siblings(before: Floats, failed: Floats, child: Ints, spans: SpanTable) -> None:
    """Add, for each span, the worst failure of the same parent's and service's spans that had ended when it began."""
    bad = child[failed[child] > 0]
    troubled = np.zeros(len(failed), np.bool_)
    troubled[spans.parent[bad]] = True
    near = child[troubled[spans.parent[child]]]
    near = near[np.lexsort((spans.start[near], spans.service[near], spans.parent[near]))]
    family: tuple[int, int] = (ROOT, ROOT)
    running: list[tuple[int, float]] = []  # what failed and may go on: its end, and how surely
    worst = 0.0
    columns = (near, spans.parent[near], spans.service[near], spans.start[near], spans.end[near], failed[near])
    for row, up, service, start, end, failure in zip(*(column.tolist() for column in columns), strict=True):
        if (up, service) != family:
            family, running, worst = (up, service), [], 0.0
        if running and min(running)[0] <= start:
            worst = max([worst, *(each for at, each in running if at <= start)])
            running = [(at, each) for at, each in running if at > start]
        before[row] = max(before[row], worst)
        if failure:
            running.append((end, failure))
