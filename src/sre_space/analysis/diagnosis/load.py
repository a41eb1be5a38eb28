"""More requests than in health at the place where they come in: then the services below are not to blame.

Told by metrics alone: traces are samples, and how many of them there are says nothing about the load. Load by itself
is no fault: it counts where something waits. What fails for a reason of its own does not fail for the load.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import CallGraph
from sre_space.analysis.diagnosis.kinds import said
from sre_space.analysis.diagnosis.metric_words import Meaning, is_outgoing, meaning_of
from sre_space.analysis.diagnosis.metrics import Shift, shifts
from sre_space.analysis.diagnosis.ranking import LARGE
from sre_space.analysis.diagnosis.signals import charged
from sre_space.analysis.diagnosis.tables import Floats, Ints, MetricTable, Series
from sre_space.domain.diagnosis import CauseKind, Evidence

SURGE = 2.0  # times the usual rate
UNLIKELY = 0.01


def load_findings(moved: Sequence[Shift], graph: CallGraph, judged: Collection[str], hurt: float) -> list[Finding]:
    """The surge at every service whose callers did not surge themselves and are not the ones that multiply it.

    Callers that are not `judged` (none named: all are) are the world outside. `hurt` is the largest harm of what waits:
    where that is not large there is nothing to explain.
    """
    if hurt < LARGE:
        return []
    surges: dict[str, list[Shift]] = defaultdict(list)
    for shift in moved:
        if (
            shift.meaning is Meaning.TRAFFIC
            and shift.p_value <= UNLIKELY
            and shift.now >= SURGE * max(shift.usual, math.ulp(1.0))
        ):
            surges[charged(shift)].append(shift)
    called = {callee for caller, callee in graph.calls if not judged or caller in judged}
    return [_finding(service, found[0]) for service, found in surges.items() if service not in called]


def _finding(service: str, shift: Shift) -> Finding:
    told = f"{shift.series.label} is {shift.now:.4g}, usually {shift.usual:.4g}: more comes in than in health"
    evidence = Evidence(f"metric:{shift.series.label}", told)
    return Finding(service, "", CauseKind.TRAFFIC, Signal.LOAD, shift.impact, shift.p_value, evidence, shift.since)


def waits(finding: Finding) -> bool:
    """True for what load can do: slow work, and failures that speak of time or of a lack of room."""
    told = finding.sense in (Signal.TIME, Signal.METRIC)
    return told or said(finding.evidence.statement) in (CauseKind.HANG, CauseKind.SATURATION)


def arrivals(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Shift]:
    """How the counters of incoming requests moved, each summed over its attributes (routes, answers), a second."""
    return shifts(_rates(incident), [_rates(table) for table in baselines])


def _rates(table: MetricTable) -> MetricTable:
    """Incoming requests a second by service and instance, between one report and the next."""
    groups: dict[Series, list[int]] = defaultdict(list)
    for number, one in enumerate(table.index):
        if one.cumulative and meaning_of(one.name) is Meaning.TRAFFIC and not is_outgoing(one.name):
            key = Series(one.service, one.instance, one.name, "", one.source, one.destination)
            groups[key].append(number)
    parts = [_rate(table, numbers) for numbers in groups.values()]
    codes = [np.full(len(times), code, np.int32) for code, (times, _) in enumerate(parts)]
    if not parts:
        return MetricTable(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))
    times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return MetricTable(np.concatenate(codes), times, values, tuple(groups))


def _rate(table: MetricTable, numbers: Sequence[int]) -> tuple[Ints, Floats]:
    rows = np.isin(table.series, numbers)
    times, place = np.unique(table.time[rows], return_inverse=True)
    totals = np.bincount(place, weights=table.value[rows], minlength=len(times))
    return times[1:], totals[1:] / np.maximum(np.diff(times) / 1e9, 1e-3)
