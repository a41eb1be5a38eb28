"""Gradual releases: do the new units do worse than the old ones beside them, at the same time?

The difference-in-differences idea of ChangeRCA (Yu et al., FSE 2024): both live through the same
incident, so what they share (load, a sick dependency) cancels. A unit that reports nothing at all
while its siblings serve has never come up.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sre_space.analysis.diagnosis.metric_words import Meaning, meaning_of
from sre_space.analysis.diagnosis.metrics import lost
from sre_space.analysis.diagnosis.signals import REQUESTS
from sre_space.analysis.diagnosis.tables import Change, Floats, Ints, MetricTable, Series
from sre_space.analysis.statistics.p_values import exceedance

PRIOR = 2.0  # reports that prove nothing: few reports shrink a harm by n / (n + PRIOR)
MIN_OWED = 2.0  # reports: one that is late is no silence
START_NS = 60 * 10**9  # a unit may take this long to come up


@dataclass(frozen=True)
class Contrast:
    """How much worse the new units are, as a share of requests or of the slowest request's time."""

    impact: float
    p_value: float
    label: str
    told: str


def contrast(change: Change, metrics: MetricTable, slowest: float) -> Contrast | None:
    """The worst measure of the release's new units; None when the metrics do not know its service's units.

    `slowest` is what a whole request takes, in the unit of the latency measures.
    """
    if not change.units:
        return None
    sides = _sides(change, metrics)
    found = [_worse(change, key[0], side, slowest) for key, side in sides.items() if side.new and side.old]
    if any(side.old for side in sides.values()):
        found.append(_silence(change, sides))
    return max(found, key=lambda one: one.impact, default=None)


@dataclass
class _Side:
    """One measure's values since the change: of new units by name, and of the others with their times."""

    new: dict[str, Floats]
    old: list[Floats]
    old_times: list[Ints]


def _sides(change: Change, metrics: MetricTable) -> dict[tuple[str, str], _Side]:
    sides: dict[tuple[str, str], _Side] = defaultdict(lambda: _Side({}, [], []))
    bounds = np.searchsorted(metrics.series, np.arange(len(metrics.index) + 1))
    fresh = {name for name, _ in change.units}
    for number, series in enumerate(metrics.index):
        if _counts(series, change):
            rows = slice(bounds[number], bounds[number + 1])
            late = metrics.time[rows] > change.time
            side = sides[series.name, series.source]
            if late.any() and series.instance in fresh:
                side.new[series.instance] = metrics.value[rows][late]
            elif late.any():
                side.old.append(metrics.value[rows][late])
                side.old_times.append(metrics.time[rows][late])
    return sides


def _counts(series: Series, change: Change) -> bool:
    """Requests that the changed service serves."""
    served = series.destination in ("", change.service)
    return series.service == change.service and served and meaning_of(series.name) in REQUESTS


def _silence(change: Change, sides: Mapping[tuple[str, str], _Side]) -> Contrast:
    """Reports that units owe which gave none at all, against what an old unit gave on average in their time."""
    heard = {name for side in sides.values() for name in side.new}
    silent = [(name, since) for name, since in change.units if name not in heard]
    known = [side for side in sides.values() if side.old]
    owed = sum(_usual(side, since + START_NS) for side in known for _, since in silent) / len(known)
    told = f"{len(silent)} of {len(change.units)} new units of {change.service} reported no request; an old one reports"
    share = len(silent) / len(change.units) if owed >= MIN_OWED else 0.0
    return Contrast(share * owed / (owed + PRIOR), 0.5**owed, f"{change.service}/silence", f"{told} {owed:.1f} times")


def _usual(side: _Side, since: int) -> float:
    """Reports of the mean old unit after a time."""
    return sum(int(np.count_nonzero(times > since)) for times in side.old_times) / len(side.old_times)


def _worse(change: Change, name: str, side: _Side, slowest: float) -> Contrast:
    meaning = meaning_of(name)
    new, old = np.concatenate(list(side.new.values())), np.concatenate(side.old)
    before, now = float(np.median(old)), float(new.mean())
    impact = lost(name, meaning, before, now)
    if meaning is Meaning.LATENCY and slowest > 0:
        impact = min(impact, max(0.0, now - before) / slowest)
    p_value = exceedance(-new, -old) if meaning is Meaning.SUCCESS else exceedance(new, old)
    told = f"{name} of {change.service}'s new units is {now:.4g}, of its old ones {before:.4g}"
    return Contrast(impact * len(new) / (len(new) + PRIOR), p_value, f"{change.service}/{name}", told)
