"""Resources that run into their limit: fuller than in health, and full, or full soon.

A limit is a measure of its own (`process.memory.limit` beside `process.memory.usage`), as OpenTelemetry names them for
file descriptors, containers and the JVM. A service whose resource fills up works normally until it is full: no
span shows it. So the level at the end of the window counts, not the mean, and its trend (Theil 1950).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.metric_words import (
    Meaning,
    is_of_host,
    is_per_cent,
    is_utilization,
    meaning_of,
    words_of,
)
from sre_space.analysis.diagnosis.tables import Floats, Ints, MetricTable, Series
from sre_space.analysis.statistics.p_values import exceedance
from sre_space.analysis.statistics.trend import Trend, trend_of
from sre_space.domain.diagnosis import CauseKind, Evidence

FULL = 0.9  # of the limit in use: full, whatever its trend
_PROCESSOR = {"cpu", "processor"}
USED_UP, BUSY = 0.8, 0.5  # of a limit in use: above it all who ask wait, below it hardly anybody does (M/M/1)
HIGH = 0.95  # the quantile of healthy levels
HORIZON_S = 120.0  # a resource that is full within this time, at the latest, is filling up
LAST = 10  # the number of points at the end of the window for level and trend
MIN_POINTS = 4
_USES = ("usage", "used", "count")

Key = tuple[str, str, str]  # service, instance, name without its last word


def limit_findings(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Finding]:
    """Return a finding for each resource that is fuller than in health and full, or full soon."""
    limits = {key[::2]: float(values[-1]) for key, word, _, values in _series(incident) if word == "limit"}
    usual: dict[tuple[str, str], list[Floats]] = {}
    for table in baselines:
        for key, word, _, values in _series(table):
            if word in _USES:
                usual.setdefault(key[::2], []).append(values)
    findings = []
    for key, word, times, values in _series(incident):
        limit, known = limits.get(key[::2], 0.0), usual.get(key[::2])
        if word in _USES and limit > 0 and known and len(np.unique(times)) >= MIN_POINTS:
            findings.append(_compared(key, (times, values / limit), np.concatenate(known) / limit))
    return [finding for finding in findings if finding.impact > 0]


def used_up(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Finding]:
    """Return a finding for each share of a limit (a utilization, per cent) that is full now and hardly was in health.

    Where several services are full at once it is the machine that they share: each is one suspect of so many.
    """
    found = list(_used_up(incident, baselines))
    services = len({finding.service for finding in found})
    return [replace(finding, impact=finding.impact / services) for finding in found]


def _used_up(incident: MetricTable, baselines: Sequence[MetricTable]) -> Iterator[Finding]:
    usual: dict[Key, list[Floats]] = {}
    for table in baselines:
        for series, _, values in _shares(table):
            usual.setdefault((series.service, series.instance, series.name), []).append(values)
    for series, times, values in _shares(incident):
        known = usual.get((series.service, series.instance, series.name))
        full = USED_UP if _PROCESSOR & set(words_of(series.name)) else FULL
        if known and float(np.median(values)) >= full and float(np.quantile(np.concatenate(known), HIGH)) < BUSY:
            yield _used(series, (times, values), np.concatenate(known))


def _used(series: Series, now: tuple[Ints, Floats], usual: Floats) -> Finding:
    level, before = float(np.median(now[1])), float(np.median(usual))
    beyond = now[0][now[1] >= USED_UP]
    return Finding(
        service=series.service,
        operation="",
        kind=CauseKind.SATURATION,
        signal=Signal.LIMIT,
        impact=min(1.0, level) - before,
        p_value=exceedance(now[1], usual),
        evidence=Evidence(
            f"metric:{series.label}", f"{series.label} is at {level:.0%} of its limit, usually at {before:.0%}"
        ),
        since=int(beyond[0]),
    )


def _shares(table: MetricTable) -> Iterator[tuple[Series, Ints, Floats]]:
    """Yield the measures of what a service uses of a limit, as shares from 0 to 1."""
    bounds = np.searchsorted(table.series, np.arange(len(table.index) + 1))
    for number, series in enumerate(table.index):
        rows = slice(bounds[number], bounds[number + 1])
        if bounds[number] < bounds[number + 1] and _is_used_share(series):
            yield series, table.time[rows], table.value[rows] / (100.0 if is_per_cent(series.name) else 1.0)


def _is_used_share(series: Series) -> bool:
    used = meaning_of(series.name, series.attributes) is Meaning.SATURATION and not is_of_host(series.name)
    return used and (is_utilization(series.name) or is_per_cent(series.name))


def _series(table: MetricTable) -> Iterator[tuple[Key, str, Ints, Floats]]:
    """Yield the measures without attributes as (key, last word of the name, times, values)."""
    bounds = np.searchsorted(table.series, np.arange(len(table.index) + 1))
    for number, series in enumerate(table.index):
        stem, _, word = series.name.rpartition(".")
        rows = slice(bounds[number], bounds[number + 1])
        if stem and not series.attributes and bounds[number] < bounds[number + 1]:
            yield (series.service, series.instance, stem), word, table.time[rows], table.value[rows]


def _compared(key: Key, now: tuple[Ints, Floats], usual: Floats) -> Finding:
    """Return the finding of one resource; levels are shares of the limit."""
    times, levels = now
    _, last = np.unique(times, return_index=True)
    last = last[-LAST:]
    trend = trend_of(((times[last] - times[last[0]]) / 1e9).tolist(), levels[last].tolist())
    before = float(np.median(usual))
    beyond = times[levels > usual.max()]
    statement = f"{key[2]} of {key[0]} is at {trend.level:.0%} of its limit, usually at {before:.0%}"
    likely = trend.seconds_left[1]
    return Finding(
        service=key[0],
        operation="",
        kind=CauseKind.SATURATION,
        signal=Signal.LIMIT,
        impact=_impact(trend, before),
        p_value=exceedance(levels[last], usual),
        evidence=Evidence(
            f"metric:{key[0]}/{key[2]}", statement + (f"; full in {likely:.0f} s" if likely < HORIZON_S else "")
        ),
        since=int(beyond[0]) if len(beyond) else 0,
    )


def _impact(trend: Trend, before: float) -> float:
    """Return how near the limit is, 0 to 1: 1 when the resource is full, less the later it is full at the latest."""
    soon = 1.0 - trend.seconds_left[2] / HORIZON_S
    gone = (trend.level - before) / max(1.0 - before, 1e-9) if trend.level >= FULL else 0.0
    return min(1.0, max(0.0, soon, gone))
