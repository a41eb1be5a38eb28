"""Rows from the readers to the tables that the analyses read: sorted, without duplicates, parents resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.diagnosis.measures import measured
from sre_space.analysis.diagnosis.tables import (
    ROOT,
    SERVER,
    Flags,
    Ints,
    LogTable,
    MetricTable,
    Names,
    Series,
    SpanTable,
    Texts,
)

CHUNK = 65_536  # the number of rows that are kept as Python tuples before they become columns
MAX_DEPTH_BITS = 20  # parent chains longer than 2**20 are cycles
_CODES = ("trace", "service", "instance", "operation", "statement", "peer", "message")
_COLUMNS = (*_CODES, "kind", "status", "code", "start", "end")  # the columns of a table, in the order of a row
_STRIDE = np.int64(-7046029254386353131)  # 2**64 over the golden ratio: spreads the keys of neighbouring traces
_TYPES: tuple[type[np.generic], ...] = (*(np.int32,) * 6, np.int8, np.int8, np.int16, np.int64, np.int64)


class SpanRow(NamedTuple):
    """One span before it is added to the columns (see `SpanTable`); codes are of the builder's `names`."""

    trace_id: str
    span_id: str
    parent_id: str
    service: int
    instance: int
    operation: int
    statement: int
    peer: int
    message: int
    kind: int
    status: int
    code: int
    start: int
    end: int


Row = tuple[str, str, str, int, int, int, int, int, int, int, int, int, int, int]  # a SpanRow, or a plain tuple like it


@dataclass(frozen=True)
class _Chunk:
    columns: Sequence[NDArray[Any]]
    keys: Ints
    parents: Ints
    ids: str
    lengths: Ints


@dataclass
class SpanBuilder:
    """Collects spans as rows; a reader may remove the rows of a line that proves unreadable."""

    names: Names = field(default_factory=Names)
    rows: list[Row] = field(default_factory=list)
    _traces: Names = field(default_factory=lambda: Names(()))
    _chunks: list[_Chunk] = field(default_factory=list)

    def flush(self) -> None:
        """Turn the rows collected so far into columns, when there are many."""
        if len(self.rows) >= CHUNK:
            self._seal()

    def table(self) -> SpanTable:
        """Return everything that was read so far: duplicates dropped, sorted by trace and start, parents resolved."""
        self._seal()
        chunks = self._chunks or [_chunk(self._traces, [])]
        columns = [np.concatenate(parts) for parts in zip(*(chunk.columns for chunk in chunks), strict=True)]
        keys = np.concatenate([chunk.keys for chunk in chunks])
        parents = np.concatenate([chunk.parents for chunk in chunks])
        ends = np.cumsum(np.concatenate([chunk.lengths for chunk in chunks]))
        order = _order(columns, keys)
        keys, parents = keys[order], parents[order]
        column = dict(zip(_COLUMNS, (column[order] for column in columns), strict=True))
        parent = _rows_of(parents, keys, column["kind"] == SERVER)
        parent = without_cycles(_adopted(parent, parents, keys, column))
        return SpanTable(
            **column,
            parent=parent,
            orphan=(parents != 0) & (parent == ROOT),
            names=tuple(self.names),
            span_ids=Texts("".join(chunk.ids for chunk in chunks), ends, order),
            trace_ids=tuple(self._traces),
        )

    def _seal(self) -> None:
        if self.rows:
            self._chunks.append(_chunk(self._traces, self.rows))
            self.rows.clear()


def _chunk(traces: Names, rows: Sequence[Row]) -> _Chunk:
    trace_ids, span_ids, parent_ids, *values = zip(*rows, strict=True) if rows else [()] * len(SpanRow._fields)
    trace = np.fromiter(map(traces.__getitem__, trace_ids), np.int32, len(rows))
    columns = [trace, *(np.array(value, kind) for value, kind in zip(values, _TYPES, strict=True))]
    lengths = np.fromiter(map(len, span_ids), np.int64, len(rows))
    return _Chunk(columns, _keys(trace, span_ids), _keys(trace, parent_ids), "".join(span_ids), lengths)


def _keys(trace: NDArray[np.int32], ids: Sequence[str]) -> Ints:
    """Return a 64-bit key of (trace, span id), 0 for no id: two of n spans collide once in 2**65 / n**2."""
    hashed = np.fromiter(map(hash, ids), np.int64, len(ids))
    return np.where(hashed == 0, 0, hashed ^ ((trace.astype(np.int64) + 1) * _STRIDE))


def _order(columns: Sequence[NDArray[Any]], keys: Ints) -> Ints:
    """Return the rows by trace and start, without the duplicates of at-least-once delivery."""
    trace, service, kind, start = columns[0], columns[1], columns[7], columns[10]
    same = np.lexsort((start, kind, service, keys))
    copy = np.zeros(len(keys), np.bool_)
    pairs = np.ones(max(0, len(keys) - 1), np.bool_)
    for column in (keys, service, kind, start):
        pairs &= column[same[1:]] == column[same[:-1]]
    copy[same[1:]] = pairs & (keys[same[1:]] != 0)
    order = np.lexsort((start, trace))
    return order[~copy[order]].astype(np.int64)


def _rows_of(parents: Ints, keys: Ints, server: Flags) -> NDArray[np.int32]:
    """Return the row of each parent key. Of two halves that share one id (Zipkin) the server is the parent."""
    order = np.lexsort((server, keys))
    ranked = keys[order]
    place = np.searchsorted(ranked, parents, side="right") - 1
    known = (parents != 0) & (place >= 0)
    known[known] = ranked[place[known]] == parents[known]
    parent = np.full(len(keys), ROOT, np.int32)
    parent[known] = order[place[known]]
    twin = (ranked[1:] == ranked[:-1]) & (ranked[1:] != 0) & server[order[1:]] & ~server[order[:-1]]
    parent[order[1:][twin]] = order[:-1][twin]
    return parent


def _adopted(
    parent: NDArray[np.int32], parents: Ints, keys: Ints, column: Mapping[str, NDArray[Any]]
) -> NDArray[np.int32]:
    """Return the parents, with orphans attached across traces when exactly one span has that id and ran at that time.

    A proxy or a converter that renames traces leaves such halves; the ids are random and long.
    """
    trace, start, end = column["trace"], column["start"], column["end"]
    orphans = np.flatnonzero((parents != 0) & (parent == ROOT))
    if not len(orphans):
        return parent
    bare, wanted = _bare(keys, trace), _bare(parents[orphans], trace[orphans])
    order = np.argsort(bare, kind="stable")
    first, last = (np.searchsorted(bare[order], wanted, side) for side in ("left", "right"))
    single = last - first == 1
    orphans, candidates = orphans[single], order[first[single]]
    fits = (candidates != orphans) & (start[orphans] >= start[candidates]) & (start[orphans] <= end[candidates])
    parent[orphans[fits]] = candidates[fits]
    return parent


def _bare(keys: Ints, trace: NDArray[np.int32]) -> Ints:
    """Return the span id's part of the keys."""
    return keys ^ ((trace.astype(np.int64) + 1) * _STRIDE)


def without_cycles(parent: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the parents with endless ancestries cut to roots (broken ids, or a span that is its own parent)."""
    ancestor = parent.copy()
    for _ in range(MAX_DEPTH_BITS):
        live = np.flatnonzero(ancestor != ROOT)
        if not len(live):
            return parent
        ancestor[live] = ancestor[ancestor[live]]
    return np.where(ancestor == ROOT, parent, np.int32(ROOT))


@dataclass
class MetricBuilder:
    """Collects points by series; a point is (series number, time, value); `deltas` count since their last point."""

    series: dict[Series, int] = field(default_factory=dict)
    points: list[tuple[int, int, float]] = field(default_factory=list)
    deltas: set[int] = field(default_factory=set)

    def number(self, series: Series) -> int:
        """Return the number of a series, assigned at its first use."""
        return self.series.setdefault(series, len(self.series))

    def table(self) -> MetricTable:
        """Return the points by series and time: counters as rates a second, sums with a count as means."""
        number, time, value = zip(*self.points, strict=True) if self.points else ((), (), ())
        columns = np.array(number, np.int32), np.array(time, np.int64), np.array(value, np.float64)
        return measured(columns, tuple(self.series), frozenset(self.deltas))


class LogRow(NamedTuple):
    """One log line before it is added to the columns; `service` and `body` are codes of `names`, the rest of `ids`."""

    time: int
    service: int
    severity: int
    body: int
    trace: int = 0
    span: int = 0


@dataclass
class LogBuilder:
    """Collects log lines; codes of services and texts are of `names`, those of traces and spans of `ids`."""

    names: Names = field(default_factory=Names)
    rows: list[LogRow] = field(default_factory=list)
    ids: Names = field(default_factory=Names)

    def table(self) -> LogTable:
        """Return the lines by time."""
        time, service, severity, body, trace, span = zip(*self.rows, strict=True) if self.rows else ((),) * 6
        times = np.array(time, np.int64)
        order = np.argsort(times, kind="stable")
        bare = len(self.ids) == 1
        return LogTable(
            times[order],
            np.array(service, np.int32)[order],
            np.array(severity, np.int8)[order],
            np.array(body, np.int32)[order],
            tuple(self.names),
            np.array(() if bare else trace, np.int32)[() if bare else order],
            np.array(() if bare else span, np.int32)[() if bare else order],
            tuple(self.ids),
        )
