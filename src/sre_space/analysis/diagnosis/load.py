"""More requests than in health at the service where they come in: then the services below are not to blame.

Measured by metrics alone: traces are samples, and their number says nothing about the load. Load by itself
is no fault: it counts where requests wait. A failure with a reason of its own is not caused by the load.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import CallGraph
from sre_space.analysis.diagnosis.messages import kind_of_message
from sre_space.analysis.diagnosis.metric_words import Meaning, is_of_host, is_outgoing, meaning_of, words_of
from sre_space.analysis.diagnosis.metrics import Shift, shifts
from sre_space.analysis.diagnosis.ranking import LARGE
from sre_space.analysis.diagnosis.signals import charged_service
from sre_space.analysis.diagnosis.tables import Floats, Ints, MetricTable, Series
from sre_space.domain.diagnosis import CauseKind, Evidence

SURGE = 2.0  # times the usual rate
BEYOND = 1.25  # times what health reached: load that was growing already is no surge
UNLIKELY = 0.01
_VOLUME = {"bytes", "packets", "net", "network", "receive", "received", "transmit", "transmitted", "rx", "tx"}


def load_findings(
    moved: Sequence[Shift], measured: MetricTable, graph: CallGraph, accusable: Collection[str], waiting: float
) -> list[Finding]:
    """Return the surge at every service whose callers neither surged themselves nor multiply the requests.

    Callers that are not `accusable` (all are, when it is empty) are the world outside. `waiting` is the largest impact
    of findings that load can cause: where it is not large there is nothing to explain.
    """
    if waiting < LARGE:
        return []
    surges: dict[str, list[Shift]] = defaultdict(list)
    for shift in moved:
        if (
            _is_of_requests(shift)
            and shift.p_value <= UNLIKELY
            and shift.now >= SURGE * max(shift.usual, math.ulp(1.0))
            and shift.now >= BEYOND * shift.high
        ):
            surges[charged_service(shift)].append(shift)
    called = {callee for caller, callee in graph.calls if not accusable or caller in accusable}
    return [
        _finding(service, moved_up[0])
        for service, moved_up in surges.items()
        if service not in called and _of_most_instances(moved_up, measured)
    ]


def _is_of_requests(shift: Shift) -> bool:
    """Return True for a rate of requests: bytes also come back from callees, and a machine's are not one service's."""
    name = shift.series.name
    return shift.meaning is Meaning.TRAFFIC and not is_of_host(name) and _VOLUME.isdisjoint(words_of(name))


def _of_most_instances(surged: Sequence[Shift], measured: MetricTable) -> bool:
    """Return True when at least half of the instances that measure the same surged: others only took turns."""
    name = surged[0].series.name
    there = {
        series.instance
        for series in measured.index
        if (series.name, series.service) == (name, surged[0].series.service)
    }
    return 2 * len({shift.series.instance for shift in surged if shift.series.name == name}) >= len(there)


def _finding(service: str, shift: Shift) -> Finding:
    statement = f"{shift.series.label} is {shift.now:.4g}, usually {shift.usual:.4g}: more comes in than in health"
    evidence = Evidence(f"metric:{shift.series.label}", statement)
    return Finding(service, "", CauseKind.TRAFFIC, Signal.LOAD, shift.impact, shift.p_value, evidence, shift.since)


def is_waiting(finding: Finding) -> bool:
    """Return True for what load can cause: slow work, and failures that mention time, a lack of capacity or nothing.

    A resource that is used more is not waited for: more requests use more of it.
    """
    of_requests = finding.signal is Signal.METRIC and finding.kind in (CauseKind.SLOW_CODE, CauseKind.ERROR)
    is_slow = finding.signal is Signal.TIME or of_requests
    return is_slow or kind_of_message(finding.evidence.statement) in (CauseKind.HANG, CauseKind.SATURATION)


def request_rates(incident: MetricTable, baselines: Sequence[MetricTable]) -> list[Shift]:
    """Return how the rates of incoming requests moved, each summed over its attributes (routes, answers)."""
    return shifts(_rates(incident), [_rates(table) for table in baselines])


def _rates(table: MetricTable) -> MetricTable:
    """Return incoming requests a second by service and instance."""
    groups: dict[Series, list[int]] = defaultdict(list)
    for number, series in enumerate(table.index):
        if series.cumulative and meaning_of(series.name) is Meaning.TRAFFIC and not is_outgoing(series.name):
            key = Series(series.service, series.instance, series.name, "", series.source, series.destination)
            groups[key].append(number)
    parts = [_rate(table, numbers) for numbers in groups.values()]
    codes = [np.full(len(times), code, np.int32) for code, (times, _) in enumerate(parts)]
    if not parts:
        return MetricTable(np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0))
    times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return MetricTable(np.concatenate(codes), times, values, tuple(groups))


def _rate(table: MetricTable, numbers: Sequence[int]) -> tuple[Ints, Floats]:
    """Return the times, and the requests a second, of some series together."""
    rows = np.isin(table.series, numbers)
    times, place = np.unique(table.time[rows], return_inverse=True)
    return times, np.bincount(place, weights=table.value[rows], minlength=len(times)).astype(np.float64)
