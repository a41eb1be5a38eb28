"""Where the time of each span went: its own work, the network hop to another service, or a call without an answer.

Self time is a span's duration less the union of its children's intervals (CRISP, Zhang et al.,
ATC 2022: children that outlive their parent are cut at its end). A client span's self time over
its server span is the network and the queues between the two, and needs no common clock.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.diagnosis.tables import (
    CLIENT,
    CONSUMER,
    INTERNAL,
    NONE,
    PRODUCER,
    ROOT,
    SERVER,
    UNSPECIFIED,
    Codes,
    Flags,
    Ints,
    SpanTable,
)

_BITS = 62  # bits of an int64 that a rank and a time share


class Part(IntEnum):
    """What a span's self time is."""

    WORK = 0  # the service's own work
    HOP = 1  # between a call's two ends: network, queue, connection pool
    CALL = 2  # a call whose other end left no span: a database, a foreign API, or a service that is down


@dataclass(frozen=True)
class Shape:
    """Per span: self time (ns), what it is, and for calls the row of the other end (ROOT when none).

    `length` is the duration (ns) that somebody waited for: a span ends, at the latest, with the one that waits for it.
    `waited` are the spans that their parent waited for; `hidden` those whose time cannot matter,
    because they or an ancestor ran wholly behind a longer sibling (off the critical path of CRISP).
    """

    own: Ints
    length: Ints
    part: NDArray[np.int8]
    callee: Codes
    waited: Flags
    hidden: Flags


def shape_of(spans: SpanTable) -> Shape:
    """Return the shape of a table of spans; linear in spans but for one sort."""
    inside = _waited_for(spans)
    parent = np.where(inside, spans.parent, np.int32(ROOT))
    count = np.bincount(parent[inside], minlength=len(spans)).astype(np.int64)
    length = _lengths(spans, inside)
    own = np.maximum(length - _covered(spans, inside, length), 0)
    callee = _callee(spans, parent, count)
    calls = (spans.kind == CLIENT) | (spans.kind == PRODUCER) | (spans.statement != NONE)
    calls |= (spans.kind <= INTERNAL) & (spans.peer != NONE)
    part = np.where(callee != ROOT, Part.HOP, np.where(calls & (count == 0), Part.CALL, Part.WORK))
    return Shape(own, length, part.astype(np.int8), callee, inside, _hidden(spans, inside))


def _hidden(spans: SpanTable, inside: Flags) -> Flags:
    """Return the spans that ran wholly behind an earlier sibling, and all below them."""
    child = np.flatnonzero(inside)
    hidden = np.zeros(len(spans), np.bool_)
    if not len(child):
        return hidden
    child = child[np.argsort(spans.parent[child], kind="stable")]
    up = spans.parent[child]
    end = np.maximum(spans.end[child] - spans.start[up], 0)
    hidden[child] = (_running_latest(up, end) >= end) & (end > 0)
    if not hidden.any():
        return hidden
    below = np.flatnonzero(spans.parent != ROOT)
    while True:
        fresh = below[~hidden[below] & hidden[spans.parent[below]]]
        if not len(fresh):
            return hidden
        hidden[fresh] = True


def _waited_for(spans: SpanTable) -> Flags:
    """Return the children that their parent waited for: not consumers, which run independently."""
    parent = spans.parent
    inside: Flags = (parent != ROOT) & (spans.kind != CONSUMER)
    known = np.flatnonzero(inside)
    up = parent[known]
    late = (spans.start[known] >= spans.end[up]) & (spans.service[known] == spans.service[up])
    inside[known[late]] = False
    return inside


def afterwards(rows: Ints, up: Codes, spans: SpanTable) -> Flags:
    """Return which spans began after their parent had ended, so that it did not wait for them.

    Between services two clocks may differ, by less than both spans last; a client waits, whatever the clocks say.
    """
    gap = spans.start[rows] - spans.end[up]
    foreign = spans.service[rows] != spans.service[up]
    apart = np.where(foreign, np.maximum(spans.duration[rows], spans.duration[up]), 0)
    late: Flags = ~(foreign & (spans.kind[up] == CLIENT)) & (gap > apart)
    return late


def _callee(spans: SpanTable, parent: Codes, count: Ints) -> Codes:
    """Return the row of the other end, for spans whose only child is another service's."""
    callee = np.full(len(spans), ROOT, np.int32)
    child = np.flatnonzero(parent != ROOT)
    up = parent[child]
    caller = spans.kind[up]
    able = (caller == CLIENT) | (caller == PRODUCER) | ((caller == UNSPECIFIED) & (spans.kind[child] != CLIENT))
    able &= (
        ~afterwards(child, up, spans)
        & (count[up] == 1)
        & ((spans.service[child] != spans.service[up]) | (spans.kind[child] == SERVER))
    )
    callee[up[able]] = child[able]
    return callee


def _lengths(spans: SpanTable, inside: Flags) -> Ints:
    """Return the duration (ns) of each span, cut where the span that waits for it ends, level by level.

    A client that gave up no longer waits for the work that goes on behind it. A child of another service that is no
    longer than its parent only has another clock.
    """
    length = spans.duration.copy()
    outlives = np.flatnonzero(inside)
    up = spans.parent[outlives]
    outlives = outlives[(spans.end[outlives] > spans.end[up]) & ~_fits(spans, outlives, up, length)]
    if not len(outlives):
        return length
    child = np.flatnonzero(inside)
    child = child[np.argsort(spans.parent[child], kind="stable")]
    up = spans.parent[child]
    level = np.flatnonzero(~inside)
    while len(level):
        first, last = np.searchsorted(up, level, "left"), np.searchsorted(up, level, "right")
        below = child[_ranges(first, last)]
        above = spans.parent[below]
        room = length[above]
        begin = np.where(_fits(spans, below, above, length), 0, np.maximum(spans.start[below] - spans.start[above], 0))
        length[below] = np.minimum(length[below], np.maximum(room - begin, 0))
        level = below
    return length


def _fits(spans: SpanTable, child: Ints, up: Codes, length: Ints) -> Flags:
    """Return the children of other services that are no longer than their parents: only their clock differs."""
    fits: Flags = (spans.service[child] != spans.service[up]) & (length[child] <= length[up])
    return fits


def _ranges(first: Ints, last: Ints) -> Ints:
    """Return all numbers of [first, last) for each pair, one after the other."""
    counts = last - first
    return np.repeat(first - np.concatenate(([0], np.cumsum(counts)[:-1])), counts) + np.arange(int(counts.sum()))


def _covered(spans: SpanTable, inside: Flags, length: Ints) -> Ints:
    """Return the nanoseconds of each span during which a child ran."""
    child = np.flatnonzero(inside)
    if not len(child):
        return np.zeros(len(spans), np.int64)
    order = np.argsort(spans.parent[child], kind="stable")  # rows are in order of start already
    child = child[order]
    up = spans.parent[child]
    begin, end = _placed(spans, child, up, length)
    gained = np.maximum(end - np.maximum(begin, _running_latest(up, end)), 0)
    return np.bincount(up, weights=gained, minlength=len(spans)).astype(np.int64)


def _placed(spans: SpanTable, child: Ints, up: Codes, lengths: Ints) -> tuple[Ints, Ints]:
    """Return the children's intervals (ns) relative to their parent's start, cut to it.

    Clocks of two hosts differ: a child of another service that sticks out but would fit is moved
    inside, as far as needed (Jaeger's clock skew adjuster moves it to the middle; self time is the same).
    """
    room, length = lengths[up], lengths[child]
    begin = spans.start[child] - spans.start[up]
    foreign = _fits(spans, child, up, lengths)
    moved = np.clip(begin, 0, room - np.minimum(length, room))
    begin = np.where(foreign, moved, begin)
    return np.clip(begin, 0, room), np.clip(begin + length, 0, room)


def _running_latest(group: Codes, end: Ints) -> Ints:
    """Return, for rows sorted by group, the latest `end` of the group's earlier rows, 0 for its first."""
    begins = np.r_[True, group[1:] != group[:-1]]
    rank = np.cumsum(begins) - 1
    spare = _BITS - int(rank[-1]).bit_length()
    shift = max(0, int(end.max()).bit_length() - spare)
    width = np.int64(1) << np.int64(min(spare, 61))
    highest = np.maximum.accumulate((rank * width) + (end >> shift))
    before = np.r_[np.int64(0), highest[:-1]]
    return np.where(begins, 0, (before - rank * width) << shift)
