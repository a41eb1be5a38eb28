"""Which metric moved against its baseline: by rank, as BARO does (Pham et al., FSE 2024), not by mean and deviation.

Used where spans cannot say more: a service without spans of its own, a resource that fills up, a
rate of requests. Each series is compared with the same series in health, and with the same
measure of its service's other instances when the instance is new (but not its resources: a new
process warms up).
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre_space.analysis.diagnosis.measures import RATIO, ratio_of
from sre_space.analysis.diagnosis.metric_words import (
    Meaning,
    is_clock,
    is_per_cent,
    is_share,
    is_utilization,
    meaning_of,
)
from sre_space.analysis.diagnosis.tables import Floats, Ints, MetricTable, Series
from sre_space.analysis.statistics.p_values import HIGH_QUANTILE, exceedance

FEW = 10  # points: windows with fewer of a series are joined
SEVERAL = 3  # windows: with fewer, none can be spared
MIN_POINTS = 2  # a single point is no baseline
BUSY = 0.5  # of a resource in use: below it, queueing is shorter than service (M/M/1: rho / (1 - rho) of it)


@dataclass(frozen=True)
class Shift:
    """One series now against its usual values; `impact` is the share of requests or time that is lost, 0 to 1.

    For a measure that is no share of requests (a queue, a processor) `impact` is the new share of the present value.
    """

    series: Series
    meaning: Meaning
    usual: float
    now: float
    impact: float
    p_value: float
    since: int
    high: float = 0.0  # what nearly all healthy values are below
    steady: float = 0.0  # the present value without the bursts that health has, too


def shifts(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Shift]:
    """Return every series that moved in the bad direction."""
    return [shift for shift in compared(incident, baselines) if shift.impact > 0]


def compared(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Shift]:
    """Return every series that health has, too, however it moved.

    Each is compared with the healthy window that it differs least from: what healthy windows differ from each other is
    no fault. Load is none either: it is compared with all of health before it (`_load_before`).
    """
    exact, pooled = _usual(sorted(baselines, key=_last))
    counted = _without_failures(baselines)
    every = []
    for number, series in enumerate(incident.index):
        if is_clock(series.name):
            continue
        first, last = np.searchsorted(incident.series, (number, number + 1))
        times, values = incident.time[first:last], incident.value[first:last]
        usual = exact.get(_identity(series, series.instance))
        if usual is None and meaning_of(series.name, series.attributes) is not Meaning.SATURATION:
            usual = pooled.get(_identity(series, ""))
        if usual is None and (series.service, series.name) in counted:
            usual = [np.zeros(max(FEW, len(times)))]  # health has no bad answers, so that no attribute tells of any
        if usual is not None and len(times):
            is_load = meaning_of(series.name, series.attributes) is Meaning.TRAFFIC
            parts = _load_before(usual) if is_load else usual
            candidates = [_compared(series, times, values, part) for part in parts]
            least = min(candidates, key=lambda shift: shift.impact * (1.0 - shift.p_value))
            every.append(replace(least, high=float(np.quantile(np.concatenate(parts), HIGH_QUANTILE))))
    return every


def _load_before(windows: Sequence[Floats]) -> list[Floats]:
    """Return what the load was, as one window, without the newest of several windows.

    What waits in a surge is noticed some time after the surge began.
    """
    return [np.concatenate(windows[:-1] if len(windows) >= SEVERAL else windows)]


def _last(table: MetricTable) -> int:
    return int(table.time.max()) if len(table.time) else 0


def _without_failures(tables: Sequence[MetricTable]) -> set[tuple[str, str]]:
    """Return service and name of the shares of bad answers of all that health counts, where it has no such share."""
    index = [series for table in tables for series in table.index]
    shares = {(series.service, series.name) for series in index if series.name.endswith(RATIO)}
    counters = {(series.service, ratio_of(series.name)) for series in index if series.cumulative}
    return counters - shares


def _identity(series: Series, instance: str) -> tuple[object, ...]:
    names = (series.service, instance, series.name, series.source, series.destination, series.attributes)
    return (*names, series.cumulative)  # a counter's rate is not compared with a level


def _usual(tables: Sequence[MetricTable]) -> tuple[Mapping[object, list[Floats]], Mapping[object, list[Floats]]]:
    """Return the healthy values of each window by series, and those over all instances."""
    exact: dict[object, list[Floats]] = defaultdict(list)
    pooled: dict[object, list[Floats]] = defaultdict(list)
    for table in tables:
        bounds = np.searchsorted(table.series, np.arange(len(table.index) + 1))
        instances: dict[object, list[Floats]] = defaultdict(list)
        for number, series in enumerate(table.index):
            values = table.value[bounds[number] : bounds[number + 1]]
            exact[_identity(series, series.instance)].append(values)
            instances[_identity(series, "")].append(values)
        for key, parts in instances.items():
            pooled[key].append(np.concatenate(parts))
    return _enough(exact), _enough(pooled)


def _enough(windows: Mapping[object, list[Floats]]) -> dict[object, list[Floats]]:
    """Return the windows with enough values, all of them together where none has; without single points."""
    found = {}
    for key, parts in windows.items():
        enough = [values for values in parts if len(values) >= FEW] or [np.concatenate(parts)]
        if len(enough[0]) >= MIN_POINTS:
            found[key] = enough
    return found


def _compared(series: Series, times: Ints, values: Floats, usual: Floats) -> Shift:
    """Return the shift: mean against median, less by how much health exceeds its median on average (bursts)."""
    meaning = meaning_of(series.name, series.attributes)
    down = meaning is Meaning.SUCCESS
    p_value = exceedance(-values, -usual) if down else exceedance(values, usual)
    limit = usual.min() if down else usual.max()
    beyond = times[values < limit] if down else times[values > limit]
    before, now = float(np.median(usual)), float(values.mean())
    noise = float(np.maximum(before - usual if down else usual - before, 0.0).mean())
    steady = now + noise if down else now - noise
    return Shift(
        series,
        meaning,
        before,
        now,
        lost_share(series.name, meaning, before, steady),
        p_value,
        int(beyond[0]) if len(beyond) else 0,
        steady=steady,
    )


def is_idle(name: str, level: float) -> bool:
    """Return True for a share of a limit that is mostly unused."""
    return (is_utilization(name) and level < BUSY) or (is_per_cent(name) and level < 100.0 * BUSY)


def lost_share(name: str, meaning: Meaning, before: float, now: float) -> float:
    """Return the share (0 to 1) that is lost: of all for shares of requests, of the present value for the rest.

    Return 0 for a resource that is mostly unused, however often its use has doubled.

    >>> lost_share("process.cpu.utilization", Meaning.SATURATION, 0.04, 0.09)
    0.0
    >>> lost_share("queue.depth", Meaning.SATURATION, 4, 16)
    0.75
    """
    if meaning is Meaning.SATURATION and is_idle(name, now):
        return 0.0
    if meaning is Meaning.SUCCESS:
        return max(0.0, (before - now) / before) if before > 0 else 0.0
    if meaning is Meaning.FAILURE and is_share(name):
        whole = 100.0 if max(before, now) > 1 else 1.0
        return min(1.0, max(0.0, (now - before) / whole))
    return max(0.0, (now - before) / now) if now > 0 else 0.0
