"""Groups of spans that do the same work: by service, operation and other end, comparable between windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.diagnosis.selftime import Part, Shape
from sre_space.analysis.diagnosis.tables import NONE, ROOT, Ints, SpanTable

_PRIME = np.uint64(0x9E3779B97F4A7C15)


class CallGroup(NamedTuple):
    """What a span does: its part, its service and operation (SQL when it runs a statement), and the callee."""

    part: Part
    service: str
    operation: str
    callee: str = ""
    callee_operation: str = ""


@dataclass(frozen=True)
class Groups:
    """`of` is the group number of each span; samples of group g are `order[begins[g]:begins[g + 1]]`."""

    of: Ints
    keys: tuple[CallGroup, ...]
    order: Ints
    begins: Ints

    @cached_property
    def number(self) -> Mapping[CallGroup, int]:
        """Return the number of each group."""
        return {key: number for number, key in enumerate(self.keys)}

    def rows(self, number: int) -> Ints:
        """Return the spans of one group."""
        return self.order[self.begins[number] : self.begins[number + 1]]

    def size(self, number: int) -> int:
        """Return the number of spans in a group."""
        return int(self.begins[number + 1] - self.begins[number])


def groups_of(spans: SpanTable, shape: Shape) -> Groups:
    """Return the groups of a table of spans, in one sort of n hashes."""
    answered = shape.callee != ROOT
    other = np.where(answered, shape.callee, 0)
    operation = np.where(spans.statement != NONE, spans.statement, spans.operation)
    if len(spans):
        callee = np.where(answered, spans.service[other], np.where(shape.part == Part.CALL, spans.peer, NONE))
        callee_operation = np.where(answered, spans.operation[other], NONE)
    else:
        callee = callee_operation = np.zeros(0, np.int32)
    columns = (shape.part, spans.service, operation, callee, callee_operation)
    _, first, of = np.unique(mixed(columns), return_index=True, return_inverse=True)
    names = spans.names
    rows = zip(*(column[first].tolist() for column in columns), strict=True)
    keys = tuple(CallGroup(Part(row[0]), *(names[code] for code in row[1:])) for row in rows)
    counts = np.bincount(of, minlength=len(keys))
    begins = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    return Groups(of.astype(np.int64), keys, np.argsort(of, kind="stable").astype(np.int64), begins)


def mixed(columns: Sequence[NDArray[np.generic]]) -> NDArray[np.uint64]:
    """Return one 64-bit hash of several columns of codes; see `building` for how rarely two collide."""
    key = np.zeros(len(columns[0]), np.uint64)
    for column in columns:
        key = (key ^ column.astype(np.uint64)) * _PRIME
        key ^= key >> np.uint64(29)
    return key
