"""Spans that may wait for what no span shows: their time beyond their children is then no work of their own.

Between the attempts of a call that fails there are pauses, and a span whose usual calls are missing waits for calls
whose spans were lost.
"""

import re
from collections import Counter
from collections.abc import Collection, Sequence

import numpy as np

from sre_space.analysis.diagnosis.failures import answers, called
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.messages import kind_of_message
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.states import answering
from sre_space.analysis.diagnosis.tables import CONSUMER, ERROR, NONE, ROOT, Flags, Ints, ServiceState, SpanTable
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import HIGH_QUANTILE
from sre_space.domain.diagnosis import CauseKind

_LISTENS = re.compile(r"\b(poll|receive)$")  # OpenTelemetry's operations of messaging that ask for messages
ALWAYS = 0.95  # of the healthy spans of a group that have children


def impatient(incident: Window, baselines: Sequence[Window]) -> Flags:
    """Return the calls that were given up within a time that health waits for, and whose other end did not fail."""
    spans, callee = incident.spans, incident.shape.callee
    given_up = (incident.shape.part == Part.HOP) & (spans.status == ERROR) & _says_too_long(spans)
    given_up &= spans.status[callee] != ERROR
    flags = np.zeros(len(spans), np.bool_)
    for number in np.unique(incident.groups.of[given_up]).tolist():
        usual = _usual(incident.groups.keys[number], baselines)
        if len(usual):
            rows = incident.groups.rows(number)
            flags[rows] = given_up[rows] & (spans.duration[rows] <= np.quantile(usual, HIGH_QUANTILE))
    return flags


def _usual(call: CallGroup, baselines: Sequence[Window]) -> Ints:
    """Return how long (ns) this call takes in health."""
    parts = [
        window.spans.duration[window.groups.rows(window.groups.number[call])]
        for window in baselines
        if call in window.groups.number
    ]
    return np.concatenate([np.zeros(0, np.int64), *parts])


def waits_unseen(incident: Window, baselines: Sequence[Window], states: Sequence[ServiceState], hasty: Flags) -> Flags:
    """Return the spans beneath which a call failed, and those without the calls that such spans always make.

    Who gives up on a service that answers as it used to (`hasty`), or answers its probe (`states`), is impatient: that
    is work of the caller's own.
    """
    spans = incident.spans
    failed: Flags = (spans.status == ERROR) & ~hasty
    failed = failed & ~_given_up(incident, baselines, answering(states))
    waits = _above(spans, failed)
    waits |= _listens(spans)
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


def _listens(spans: SpanTable) -> Flags:
    """Return the spans of consumers that wait for messages, and work on none."""
    names = np.array([_LISTENS.search(name) is not None for name in spans.names], np.bool_)
    flags: Flags = (spans.kind == CONSUMER) & names[spans.operation] & _alone(spans)
    return flags


def _given_up(incident: Window, baselines: Sequence[Window], healthy: Collection[str]) -> Flags:
    """Return the calls without an answer of healthy services, of which nothing is said but that they took too long."""
    spans = incident.spans
    flags = np.zeros(len(spans), np.bool_)
    usual, _ = answers(baselines if healthy else [])
    for number, group in enumerate(incident.groups.keys):
        callees = usual.get((group.service, group.operation))
        if group.part == Part.CALL and callees:
            rows = incident.groups.rows(number)
            flags[rows] = called(group, rows, callees, incident) in healthy
    flags &= (spans.message == NONE) | _says_too_long(spans)
    return flags


def _says_too_long(spans: SpanTable) -> Flags:
    said = np.array([kind_of_message(text) is CauseKind.HANG for text in spans.names], np.bool_)
    flags: Flags = said[spans.message]
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
