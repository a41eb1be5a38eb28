"""Spans that may wait for what no span shows: their time beyond their children is then no work of their own.

Between the attempts of a call that fails there are pauses, and a span whose usual calls are missing waits for calls
whose spans were lost.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, Flags, ServiceState, SpanTable
from sre_space.analysis.diagnosis.window import Window

ALWAYS = 0.95  # of the healthy spans of a group that have children


def waits_unseen(incident: Window, baselines: Sequence[Window], states: Sequence[ServiceState]) -> Flags:
    """Return the spans beneath which a call failed, and those without the calls that such spans always make.

    None, when every service answers its probe (`states`): then nothing below keeps a caller waiting by being down.
    """
    spans = incident.spans
    if states and all(state.healthy and not state.ended for state in states):
        return np.zeros(len(spans), np.bool_)
    waits = _above(spans, spans.status == ERROR)
    made, bare = Counter[CallGroup](), Counter[CallGroup]()
    for window in baselines:
        alone = _alone(window.spans)
        for number, group in enumerate(window.groups.keys):
            rows = window.groups.rows(number)
            made[group] += len(rows)
            bare[group] += int(np.count_nonzero(alone[rows]))
    alone = _alone(spans)
    for number, group in enumerate(incident.groups.keys):
        if made[group] and bare[group] <= (1.0 - ALWAYS) * made[group]:
            rows = incident.groups.rows(number)
            waits[rows[alone[rows]]] = True
    return waits


def _above(spans: SpanTable, marked: Flags) -> Flags:
    """Return the spans that have a marked one beneath them."""
    above = np.zeros(len(spans), np.bool_)
    rows = np.flatnonzero(marked)
    while len(rows):
        up = spans.parent[rows]
        up = np.unique(up[up != ROOT])
        rows = up[~above[up]]
        above[rows] = True
    return above


def _alone(spans: SpanTable) -> Flags:
    alone = np.ones(len(spans), np.bool_)
    alone[spans.parent[spans.parent != ROOT]] = False
    return alone
