"""The tree of each trace, repaired: spans whose parent is missing hang under the span that contains them in time.

Where only some spans are exported (one kind, failed ones, one side of each call), or ids get lost, the times still
show who called whom: whoever waits runs as long as the work that it waits for.
"""

from dataclasses import replace

import numpy as np

from sre_space.analysis.diagnosis.building import without_cycles
from sre_space.analysis.diagnosis.tables import CONSUMER, ROOT, Flags, SpanTable


def repaired(spans: SpanTable) -> SpanTable:
    """Return the spans with parents for those without one, where a span of the same trace contains them.

    A trace that begins several times, side by side, holds several requests: then nobody can tell to which of them a
    span belongs, and it is left as it is.
    """
    loose = (spans.parent == ROOT) & (spans.kind != CONSUMER)
    several = np.bincount(spans.trace[loose], minlength=len(spans.trace_ids)) > 1
    several &= ~_shared(spans, loose)
    rows = np.flatnonzero(several[spans.trace]) if len(spans) else np.zeros(0, np.int64)
    if not len(rows):
        return spans
    parent = spans.parent.copy()
    rows = rows[np.lexsort((-spans.end[rows], spans.start[rows], spans.trace[rows]))]
    columns = (rows, spans.trace[rows], spans.end[rows], loose[rows])
    around: list[tuple[int, int]] = []  # spans that are open, the innermost last: their row and end
    current = -1
    for row, trace, end, free in zip(*(column.tolist() for column in columns), strict=True):
        if trace != current:
            around.clear()
            current = trace
        while around and around[-1][1] < end:
            around.pop()
        if free and around:
            parent[row] = around[-1][0]
        around.append((row, end))
    return replace(spans, parent=without_cycles(parent))


def _shared(spans: SpanTable, loose: Flags) -> Flags:
    """Return which traces have beginnings (spans that name no parent) outside of the one that lasts longest."""
    begins = np.flatnonzero(loose & ~spans.orphan)
    by_length = begins[np.argsort(spans.duration[begins], kind="stable")]
    longest = np.zeros(len(spans.trace_ids), np.int64)
    longest[spans.trace[by_length]] = by_length
    outer = longest[spans.trace[begins]]
    outside = (spans.start[begins] < spans.start[outer]) | (spans.end[begins] > spans.end[outer])
    shared = np.zeros(len(spans.trace_ids), np.bool_)
    shared[spans.trace[begins[outside]]] = True
    return shared
