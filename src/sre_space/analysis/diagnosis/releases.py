"""Gradual releases: whether the new units perform worse than the old ones beside them, at the same time.

The difference-in-differences idea of ChangeRCA (Yu et al., FSE 2024): both pass through the same
incident, so what they share (load, an unhealthy dependency) cancels. A unit that reports nothing at all
while its siblings serve has never come up.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from sre_space.analysis.diagnosis.metric_words import Meaning, meaning_of
from sre_space.analysis.diagnosis.metrics import lost_share
from sre_space.analysis.diagnosis.signals import REQUESTS
from sre_space.analysis.diagnosis.tables import Change, Floats, Ints, MetricTable, Series
from sre_space.analysis.statistics.p_values import exceedance

PRIOR = 2.0  # reports without weight: the impact of n reports shrinks by n / (n + PRIOR)
MIN_OWED = 2.0  # expected reports below which a unit is not silent: one may be late
START_NS = 60 * 10**9  # a unit may take this long to come up


@dataclass(frozen=True)
class Contrast:
    """How much worse the new units are, as a share (0 to 1) of requests or of the slowest request's time."""

    impact: float
    p_value: float
    label: str
    summary: str


def contrast(change: Change, metrics: MetricTable, slowest: float) -> Contrast | None:
    """Return the worst measure of the release's new units; None when the metrics do not know its service's units.

    `slowest` is the duration of a whole request, in the unit of the latency measures.
    """
    if not change.units:
        return None
    sides = _sides(change, metrics)
    contrasts = [_worse(change, key[0], side, slowest) for key, side in sides.items() if side.new and side.old]
    if any(side.old for side in sides.values()):
        contrasts.append(_silence(change, sides))
    return max(contrasts, key=lambda candidate: candidate.impact, default=None)


@dataclass
class _Side:
    """The values of one measure since the change: of the new units by name, and of the old ones with their times."""

    new: dict[str, Floats]
    old: list[Floats]
    old_times: list[Ints]


def _sides(change: Change, metrics: MetricTable) -> dict[tuple[str, str], _Side]:
    """Return the values of each measure of the changed service, by metric name and source."""
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
    """Return True for a measure of the requests that the changed service serves."""
    served = series.destination in ("", change.service)
    return series.service == change.service and served and meaning_of(series.name) in REQUESTS


def _silence(change: Change, sides: Mapping[tuple[str, str], _Side]) -> Contrast:
    """Return the contrast of new units that reported nothing.

    They are compared with the reports that an old unit gave on average in the same time.
    """
    heard = {name for side in sides.values() for name in side.new}
    silent = [(name, since) for name, since in change.units if name not in heard]
    known = [side for side in sides.values() if side.old]
    owed = sum(_usual(side, since + START_NS) for side in known for _, since in silent) / len(known)
    summary = (
        f"{len(silent)} of {len(change.units)} new units of {change.service} reported no request; an old one reports"
    )
    share = len(silent) / len(change.units) if owed >= MIN_OWED else 0.0
    return Contrast(
        share * owed / (owed + PRIOR), 0.5**owed, f"{change.service}/silence", f"{summary} {owed:.1f} times"
    )


def _usual(side: _Side, since: int) -> float:
    """Return the mean number of reports of an old unit after a time (Unix ns)."""
    return sum(int(np.count_nonzero(times > since)) for times in side.old_times) / len(side.old_times)


def _worse(change: Change, name: str, side: _Side, slowest: float) -> Contrast:
    """Return the contrast of one measure between the new units and the old ones."""
    meaning = meaning_of(name)
    new, old = np.concatenate(list(side.new.values())), np.concatenate(side.old)
    before, now = float(np.median(old)), float(new.mean())
    impact = lost_share(name, meaning, before, now)
    if meaning is Meaning.LATENCY and slowest > 0:
        impact = min(impact, max(0.0, now - before) / slowest)
    p_value = exceedance(-new, -old) if meaning is Meaning.SUCCESS else exceedance(new, old)
    summary = f"{name} of {change.service}'s new units is {now:.4g}, of its old ones {before:.4g}"
    return Contrast(impact * len(new) / (len(new) + PRIOR), p_value, f"{change.service}/{name}", summary)
