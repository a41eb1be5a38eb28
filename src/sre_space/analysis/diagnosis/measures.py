"""Points of metrics as what they measure: counters as rates, sums as means, answers as the share of bad ones.

A counter's value says how long its process has run, and a histogram's sum how many requests came: neither says how a
service is.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from sre_space.analysis.diagnosis.tables import Flags, Floats, Ints, MetricTable, Series

LEVELS = 3  # points of a level, at least, whose shape tells that it is a counter
RATIO = ".errors.ratio"  # how the name of a share of bad answers ends
Columns = tuple[NDArray[np.int32], Ints, Floats]
Points = tuple[Ints, Floats]  # times (Unix ns) and values of one series

_SUM = re.compile(r"([._])sum$")
_COUNTERS = re.compile(r"[._]total$|cpu[._]time$|seconds[._](?:count|sum)$")  # what their names call a counter
_FALLS = 0.1  # the share of its steps that a counter falls in, and what is left of its value then: restarts
_CODE_KEYS = re.compile(
    r"^(http[._])?(response[._]|status[._]|return[._]|result[._])*(status|code|status_code|statuscode|code_class)$"
    r"|^(rpc[._])?(grpc[._]|response[._])*(status|code|status_code)$|^(span[._])?status[._]code$|^outcome$|^result$"
    r"|^classification$",
    re.I,
)
_CLASS_KEYS = re.compile(r"code_class$", re.I)  # Envoy's: 5 stands for 5xx
_WELL_KEYS = ("success", "is_success", "succeeded", "ok")
_ILL_KEYS = ("error", "is_error", "failed", "failure")
_BAD_CODE = re.compile(
    r"5\d\d|5xx|(status_code_)?error|err|fail(ed|ure)?|server_error|exception|unknown|deadline_?exceeded"
    r"|resource_?exhausted|unimplemented|internal(_error)?|unavailable|data_?loss",
    re.I,
)
_GRPC_FAULTS = frozenset(("2", "4", "8", "12", "13", "14", "15"))
_TYPE_KEYS = ("error.type", "error_type", "exception", "exception.type")
_NONE = frozenset(("", "none", "false", "ok"))


def measured(columns: Columns, index: Sequence[Series], deltas: Collection[int]) -> MetricTable:
    """Return the table of all points, sorted by series and time."""
    codes, times, values = columns
    order = np.lexsort((times, codes))
    codes, times, values = codes[order], times[order], values[order]
    finite = np.isfinite(values)
    codes, times, values = codes[finite], times[finite], values[finite]
    bounds = np.searchsorted(codes, np.arange(len(index) + 1))
    parts = {}
    for number, (series, first, last) in enumerate(zip(index, bounds[:-1], bounds[1:], strict=True)):
        known = _named(series, series.name) if _counts(series, values[first:last]) else series
        parts[known] = _part(known, times[first:last], values[first:last], number in deltas)
    parts |= _bad_shares(parts)
    return _table(_means(parts))


def _counts(series: Series, values: Floats) -> bool:
    """Return True for a level that its name calls a counter and that only grows, but for restarts.

    Not every exporter states which of its numbers are counters; such a number says how long its process has run.
    """
    if series.cumulative or not _COUNTERS.search(series.name) or len(values) < LEVELS:
        return False
    falls = np.flatnonzero(np.diff(values) < 0)
    return len(falls) <= _FALLS * len(values) and bool((values[falls + 1] <= _FALLS * values[falls]).all())


def _part(series: Series, times: Ints, values: Floats, delta: bool) -> Points:
    """Return a level as it is, and a counter as its rate a second from each point to the next.

    The first point of a counter has no rate. A fall is a restart from zero.
    """
    if not series.cumulative or not len(times):
        return times, values
    steps = np.diff(times)
    new = steps > 0
    grown = values[1:] if delta else np.diff(values)
    grown = np.where(grown < 0, values[1:], grown)
    rates: Floats = grown[new] / (steps[new] / 1e9)
    return times[1:][new], rates


def _means(parts: Mapping[Series, Points]) -> dict[Series, Points]:
    """Return the parts with each sum that has a count replaced by the mean of what was counted."""
    result = {}
    for series, points in parts.items():
        match = _SUM.search(series.name)
        stem = series.name[: match.start()] if match else ""
        count = parts.get(_named(series, f"{stem}{match[1]}count")) if match and series.cumulative else None
        if count is None:
            result[series] = points
        else:
            result[_named(series, f"{stem}.mean", False)] = _mean(points, count)
    return result


def _named(series: Series, name: str, cumulative: bool = True) -> Series:
    return Series(
        series.service,
        series.instance,
        name,
        series.version,
        series.source,
        series.destination,
        series.attributes,
        cumulative,
    )


def _mean(sums: Points, counts: Points) -> Points:
    times, one, other = np.intersect1d(sums[0], counts[0], return_indices=True)
    total, number = sums[1][one], counts[1][other]
    some = number > 0
    return times[some], total[some] / number[some]


def _bad_shares(parts: Mapping[Series, Points]) -> dict[Series, Points]:
    """Return the share of bad answers of every counter whose attributes say how its requests were answered."""
    groups: dict[Series, list[tuple[Points, bool]]] = defaultdict(list)
    telling: set[Series] = set()
    for series, points in parts.items():
        if series.cumulative and not _SUM.search(series.name):
            name = ratio_of(series.name)
            key = _named(series, name, False)
            key = Series(key.service, key.instance, key.name, key.version, key.source, key.destination)
            groups[key].append((points, is_bad(series.attributes)))
            if _tells(series.attributes):
                telling.add(key)
    return {key: _share(groups[key]) for key in telling}


def ratio_of(counter: str) -> str:
    """Return the name of the share of bad answers among what a counter counts."""
    return f"{counter.removesuffix('.count').removesuffix('_count')}{RATIO}"


def _tells(attributes: Sequence[tuple[str, str]]) -> bool:
    return any(
        _CODE_KEYS.search(key) or _CLASS_KEYS.search(key) or key in (*_TYPE_KEYS, *_WELL_KEYS, *_ILL_KEYS)
        for key, _ in attributes
    )


def is_bad(attributes: Sequence[tuple[str, str]]) -> bool:
    """Return True for answers that the attributes call a failure of the server.

    >>> [is_bad([pair]) for pair in (("code", "503"), ("code", "404"), ("status.code", "STATUS_CODE_ERROR"))]
    [True, False, True]
    """
    return any(_says_bad(key, value) for key, value in attributes)


def _says_bad(key: str, value: str) -> bool:
    if key in _TYPE_KEYS:
        return value.lower() not in _NONE and not re.fullmatch(r"4\d\d", value)
    if key in _WELL_KEYS or key in _ILL_KEYS:
        return value.lower() == ("true" if key in _ILL_KEYS else "false")
    if _CLASS_KEYS.search(key):
        return value in ("5", "5xx")
    if not _CODE_KEYS.search(key):
        return False
    return bool(_BAD_CODE.fullmatch(value)) or ("grpc" in key and value in _GRPC_FAULTS)


def _share(members: Sequence[tuple[Points, bool]]) -> Points:
    times = np.concatenate([points[0] for points, _ in members])
    values = np.concatenate([points[1] for points, _ in members])
    bad: Flags = np.concatenate([np.full(len(points[0]), flag) for points, flag in members])
    moments, place = np.unique(times, return_inverse=True)
    whole = np.bincount(place, weights=values, minlength=len(moments))
    part = np.bincount(place, weights=values * bad, minlength=len(moments))
    some = whole > 0
    return moments[some], part[some] / whole[some]


def _table(parts: Mapping[Series, Points]) -> MetricTable:
    lengths = [len(times) for times, _ in parts.values()]
    codes = np.repeat(np.arange(len(parts), dtype=np.int32), lengths)
    empty = np.zeros(0, np.int64), np.zeros(0)
    times, values = (np.concatenate(column) for column in zip(empty, *parts.values(), strict=True))
    return MetricTable(codes, times, values, tuple(parts))
