"""A resource that runs into its limit: its level now against health, as a share of the room that was left.

A limit is a measure of its own (`process.memory.limit` beside `process.memory.usage`), as OpenTelemetry names them for
file descriptors, containers and the JVM. A service whose resource fills up does nothing wrong before it is full: no
span shows it. Levels at the end of the window count, not its mean: what fills up is fuller at the end.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from sre_space.analysis.diagnosis.chance import exceedance
from sre_space.analysis.diagnosis.findings import Finding, Sense
from sre_space.analysis.diagnosis.tables import Floats, Ints, MetricTable
from sre_space.domain.facts import CauseKind, Evidence

FULL = 0.5  # of the limit, in use: below it there is room, whatever it was before
LAST = 4  # points at the end of the window that make the level now
_USES = ("usage", "used", "count")

Key = tuple[str, str, str]  # service, instance, name without its last word


def limit_findings(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Finding]:
    """A finding for each resource that is over half full and fuller than in health."""
    limits = {key[::2]: float(values[-1]) for key, word, _, values in _series(incident) if word == "limit"}
    usual: dict[tuple[str, str], list[Floats]] = {}
    for table in baselines:
        for key, word, _, values in _series(table):
            if word in _USES:
                usual.setdefault(key[::2], []).append(values)
    found = []
    for key, word, times, values in _series(incident):
        limit, known = limits.get(key[::2], 0.0), usual.get(key[::2])
        if word in _USES and limit > 0 and known and len(values) >= LAST:
            found.append(_compared(key, (times, values), np.concatenate(known), limit))
    return [one for one in found if one.harm > 0]


def _series(table: MetricTable) -> Iterator[tuple[Key, str, Ints, Floats]]:
    """Measures without attributes, by what they measure: (key, last word, times, values)."""
    bounds = np.searchsorted(table.series, np.arange(len(table.index) + 1))
    for number, series in enumerate(table.index):
        stem, _, word = series.name.rpartition(".")
        rows = slice(bounds[number], bounds[number + 1])
        if stem and not series.attributes and bounds[number] < bounds[number + 1]:
            yield (series.service, series.instance, stem), word, table.time[rows], table.value[rows]


def _compared(key: Key, now: tuple[Ints, Floats], usual: Floats, limit: float) -> Finding:
    """Of the room that health leaves, the part that is gone."""
    times, values = now
    last = values[-LAST:]
    level, before = float(np.median(last)), float(np.median(usual))
    room = max(limit - before, 1.0)
    harm = min(1.0, max(0.0, (level - before) / room)) if level >= FULL * limit else 0.0
    beyond = times[values > usual.max()]
    name = f"{key[2]} of {key[0]}"
    told = f"{name} is {level:.4g}, {level / limit:.0%} of its limit {limit:.4g}; usually {before / limit:.0%}"
    return Finding(
        service=key[0],
        operation="",
        kind=CauseKind.SATURATION,
        sense=Sense.LIMIT,
        harm=harm,
        chance=exceedance(last, usual),
        evidence=Evidence(f"metric:{key[0]}/{key[2]}", told),
        since=int(beyond[0]) if len(beyond) else 0,
    )
