"""One window of telemetry with what every comparison needs of it, computed once (a baseline serves many incidents)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup, Groups, groups_of, mixed
from sre_space.analysis.diagnosis.selftime import Part, Shape, shape_of
from sre_space.analysis.diagnosis.structure import repaired
from sre_space.analysis.diagnosis.tables import ROOT, Flags, Floats, Ints, SpanTable, Telemetry

STRAYS = 20  # one of so many observations may lie far away
FAR = 10  # lengths of the time of all others
DATES = (9 * 10**17, 5 * 10**18)  # 1998 and 2128, Unix ns: where one time is a date, those that are none are wrong
HOUR = 3600 * 10**9  # ns
BEGIN = -1  # the step before a parent's first child


@dataclass(frozen=True)
class Steps:
    """Steps of work: rows whose work ended after the step `after` (a child's group, or BEGIN).

    One row an occurrence of a step: `parent` is the span that made it, `child` the step's span
    (ROOT for BEGIN), `last` says that the parent did nothing more.
    """

    parent: Ints
    child: Ints
    last: Flags
    kind: Ints
    keys: tuple[tuple[CallGroup, CallGroup | None], ...]

    @cached_property
    def counts(self) -> Mapping[tuple[CallGroup, CallGroup | None], tuple[int, int]]:
        """Return how often each step was made, and how often it was the last."""
        made = np.bincount(self.kind, minlength=len(self.keys)).tolist()
        ended = np.bincount(self.kind[self.last], minlength=len(self.keys)).tolist()
        return dict(zip(self.keys, zip(made, ended, strict=True), strict=True))


@dataclass(frozen=True)
class Window:
    """Telemetry with its shape and groups; times in float nanoseconds where they are averaged."""

    telemetry: Telemetry
    shape: Shape
    groups: Groups

    @classmethod
    def of(cls, telemetry: Telemetry) -> "Window":
        """Return the window of some telemetry; expensive properties are computed at their first use."""
        telemetry = replace(telemetry, spans=repaired(telemetry.spans))
        shape = shape_of(telemetry.spans)
        return cls(telemetry, shape, groups_of(telemetry.spans, shape))

    @property
    def spans(self) -> SpanTable:
        """Return the spans of the telemetry."""
        return self.telemetry.spans

    @cached_property
    def trace_time(self) -> Floats:
        """Return the duration (ns) of each trace: its longest span."""
        longest = np.zeros(len(self.spans.trace_ids))
        np.maximum.at(longest, self.spans.trace, self.spans.duration.astype(np.float64))
        return longest

    @cached_property
    def calls_made(self) -> Mapping[tuple[CallGroup, CallGroup], tuple[int, int, float]]:
        """Return, for (parent, child): children made, parents that could, and the children's mean duration in ns."""
        steps, groups = self.steps, self.groups
        length = np.where(steps.child == ROOT, 0.0, self.spans.duration[steps.child].astype(np.float64))
        total = np.bincount(steps.kind, weights=length, minlength=len(steps.keys))
        return {
            (up, step): (made, groups.size(groups.number[up]), float(time) / made)
            for ((up, step), (made, _)), time in zip(steps.counts.items(), total, strict=True)
            if step is not None
        }

    @cached_property
    def span_of_time(self) -> tuple[int, int]:
        """Return the first and the last observation, Unix ns, but for strays; (0, 0) when there is none."""
        columns = (self.spans.start, self.telemetry.metrics.time, self.telemetry.logs.time)
        times = np.concatenate(columns)
        return _bounds(times[times > 0])  # 0: the observation has no time

    @cached_property
    def steps(self) -> Steps:
        """Return every step that work took, as Nezha's event graphs have them (Yu et al., FSE 2023)."""
        return _steps(self.spans, self.shape, self.groups)


def _bounds(times: Ints) -> tuple[int, int]:
    """Return the first and the last of some times, but for those few that lie far away from all others.

    They come from clocks that are wrong or were not set, or are late.
    """
    dated = times[(times >= DATES[0]) & (times <= DATES[1])]
    times = dated if len(dated) else times
    if not len(times):
        return 0, 0
    strays = max(1, len(times) // STRAYS)
    if len(times) < STRAYS // 2:
        return int(times.min()), int(times.max())
    ranked = np.partition(times, (strays, len(times) - 1 - strays))
    first, last = int(ranked[strays]), int(ranked[len(times) - 1 - strays])
    far = max(FAR * (last - first), HOUR)
    near = times[(times >= first - far) & (times <= last + far)]
    return int(near.min()), int(near.max())


def _steps(spans: SpanTable, shape: Shape, groups: Groups) -> Steps:
    waited = np.flatnonzero(shape.waited)
    child = waited[np.argsort(spans.parent[waited], kind="stable")]  # siblings stay in order of start
    parent = spans.parent[child].astype(np.int64)
    last = np.concatenate((parent[1:] != parent[:-1], np.ones(min(1, len(parent)), np.bool_)))
    busy = np.zeros(len(spans), np.bool_)
    busy[parent] = True
    work = np.flatnonzero(shape.part == Part.WORK)
    parents = np.concatenate((parent, work))
    children = np.concatenate((child, np.full(len(work), ROOT, np.int64)))
    after = np.concatenate((groups.of[child], np.full(len(work), BEGIN, np.int64)))
    _, first, kind = np.unique(mixed((groups.of[parents], after)), return_index=True, return_inverse=True)
    pairs = zip(groups.of[parents[first]].tolist(), after[first].tolist(), strict=True)
    keys = tuple((groups.keys[up], groups.keys[step] if step != BEGIN else None) for up, step in pairs)
    return Steps(parents, children, np.concatenate((last, ~busy[work])), kind.astype(np.int64), keys)
