"""Spans that may wait for what no span shows: their time beyond their children is then no work of their own.

Between the attempts of a call that fails there are pauses, and a span whose usual calls are missing waits for calls
whose spans were lost.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.messages import kind_of_message
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, Flags, ServiceState, SpanTable
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind

ALWAYS = 0.95  # of the healthy spans of a group that have children


def waits_unseen(incident: Window, baselines: Sequence[Window], states: Sequence[ServiceState]) -> Flags:
    """Return the spans beneath which a call failed, and those without the calls that such spans always make.

    When every service answers its probe (`states`), who gives up on a call without an answer is impatient: that is work
    of the caller's own.
    """
    spans = incident.spans
    failed: Flags = spans.status == ERROR
    if states and all(state.healthy and not state.ended for state in states):
        failed = failed & ~_given_up(incident)
    waits = _above(spans, failed)
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


def _given_up(incident: Window) -> Flags:
    """Return the calls without an answer of which nothing is said but that they took too long."""
    codes = incident.spans.message
    impatient = [text == "" or kind_of_message(text) is CauseKind.HANG for text in incident.spans.names]
    flags: Flags = (incident.shape.part == Part.CALL) & np.array(impatient, np.bool_)[codes]
    return flags


def _above(spans: SpanTable, marked: Flags) -> Flags:
    """Return the spans that have a marked one beneath them."""
    above = np.zeros(len(spans), np.bool_)
    rows = np.flatnonzero(marked)
    while len(rows):
        up = np.unique(spans.parent[rows]).astype(np.int64)
        up = up[up != ROOT]
        rows = up[~above[up]]
        above[rows] = True
    return above


def _alone(spans: SpanTable) -> Flags:
    alone = np.ones(len(spans), np.bool_)
    alone[spans.parent[spans.parent != ROOT]] = False
    return alone
