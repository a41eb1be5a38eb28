"""Which requests ended worse than in health: the symptom that a diagnosis explains.

A request is what begins with the outermost span of a trace. It ends worse when it fails, is refused or takes longer,
where that became more frequent than in any healthy window. What differs in requests that end as they used to is
context, and no fault.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre_space.analysis.diagnosis.tables import (
    CLIENT,
    CONSUMER,
    ERROR,
    INTERNAL,
    ROOT,
    UNSET,
    Codes,
    Flags,
    Floats,
    Ints,
)
from sre_space.analysis.diagnosis.templates import FAULT as LOGGED_FAULT
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import binomial_tail, failure_rate, smoothed_rate

UNLIKELY = 0.05
FEW = 10  # requests: windows with fewer of a kind are joined
HIGH = 0.95  # the quantile of healthy durations beyond which a request is slow
LONGER = 1.1  # times the healthy median, at least, that a slow request takes
ANSWERED, REFUSED, FAULT = 100, 400, 500
UNFELT = 0.1  # the weight of what differs while requests end as in health

Entry = tuple[str, str, str]  # service and operation, and the first operation of another service
Sign = Callable[[Window, Ints], Flags]


@dataclass(frozen=True)
class Requests:
    """For each trace of the incident: whether its request ended worse, and whether that can be told.

    `failed` are those that failed or were refused, `told` those of which it can be told whether they did.
    """

    worse: Flags
    known: Flags
    failed: Flags
    told: Flags

    def besides(self, alerted: str, incident: Window) -> "Requests":
        """Return the same, where nothing can be told of the requests that an alert on this service is about.

        The alert is a symptom of its own, as a result that customers do not get. These are the requests that pass the
        service, all when it has no spans; none when there is no alert ("").
        """
        if not alerted:
            return self
        spans = incident.spans
        code = spans.names.index(alerted) if alerted in spans.names else -1
        passing = spans.trace[spans.service == code]
        about = np.full(len(self.known), not len(passing))
        about[passing] = True
        return replace(self, known=self.known & ~about, told=self.told & ~about)

    def _distinct(self, traces: Codes) -> Ints:
        """Return each trace once; without sorting, for there may be millions."""
        marked = np.zeros(len(self.known), np.bool_)
        marked[traces] = True
        return np.flatnonzero(marked)

    def felt(self, traces: Codes) -> float:
        """Return the share (0 to 1) of these requests that ended worse; 1.0 when it cannot be told of any."""
        each = self._distinct(traces)
        return self.felt_of(each, np.ones(len(each)))

    def broken(self, traces: Codes) -> float:
        """Return the share (0 to 1) of these requests that failed; 1.0 when it cannot be told of any.

        What ends early without failing was another request, or got another answer.
        """
        each = self._distinct(traces)
        told = each[self.told[each]]
        return float(self.failed[told].mean()) if len(told) else 1.0

    def felt_of(self, traces: Codes | Ints, weights: Floats) -> float:
        """Return the part (0 to 1) of some weights that lies in requests that ended worse; 1.0 if that is unknown."""
        told = self.known[traces]
        whole = float(weights[told].sum())
        return float(weights[told & self.worse[traces]].sum()) / whole if whole > 0 else 1.0

    def recall(self, traces: Codes) -> float:
        """Return the share (0 to 1) of the failed requests that these are; 1.0 when none of them failed."""
        hit = int(np.count_nonzero(self.failed[self._distinct(traces)]))
        return hit / int(np.count_nonzero(self.failed)) if hit else 1.0


def requests_of(incident: Window, baselines: Sequence[Window]) -> Requests:
    """Return how the requests of the incident ended."""
    worse = np.zeros(len(incident.spans.trace_ids), np.bool_)
    known, failed, told = worse.copy(), worse.copy(), worse.copy()
    usual = [_entries(window) for window in baselines]
    seen = [window for window in baselines if len(window.spans)]
    signs: tuple[Sign, ...] = (_faulty, _refused)
    says = _says(incident) and (not seen or any(_says(window) for window in seen))
    if not says and seen and all(len(window.telemetry.logs.trace) for window in (incident, *seen)):
        says, signs = True, (_complained,)  # spans without status: the log lines of their traces tell
    for entry, rows in _entries(incident).items():
        healthy = [(window, found[entry]) for window, found in zip(baselines, usual, strict=True) if entry in found]
        traces = incident.spans.trace[rows]
        bad = _failed(rows, incident, healthy, signs) if says else np.zeros(len(rows), np.bool_)
        failed[traces[bad]] = told[traces[bad]] = True
        bad |= _slow(rows, incident, healthy)
        worse[traces[bad]] = True
        known[traces[bad]] = True
        if healthy and (says or not bad.any()) and _would_show(len(rows), healthy):
            known[traces] = says
            told[traces] = says
        if not healthy:  # it cannot be told whether it took longer, but it may say itself that it went well
            well = traces[_answered_well(incident, _answers(incident, rows))]
            known[well] = told[well] = True
    return Requests(worse, known, failed, told)


def _says(window: Window) -> bool:
    """Return True when the window's spans say how they ended at all."""
    return bool(((window.spans.status != UNSET) | (window.spans.code > 0)).any())


def _entries(window: Window) -> dict[Entry, Ints]:
    """Return the outermost span of each trace, by what was asked for."""
    spans = window.spans
    rows = np.flatnonzero((spans.parent == ROOT) & (spans.kind != CONSUMER))
    rows = rows[np.lexsort((-window.shape.length[rows], spans.trace[rows]))]
    rows = rows[np.unique(spans.trace[rows], return_index=True)[1]]
    found: dict[Entry, list[int]] = defaultdict(list)
    routes = _routes(window, rows)
    for row, number in zip(rows.tolist(), window.groups.of[rows].tolist(), strict=True):
        group = window.groups.keys[number]
        found[group.service, group.operation, routes.get(int(spans.trace[row]), "")].append(row)
    return {entry: np.array(each) for entry, each in found.items()}


def _routes(window: Window, rows: Ints) -> dict[int, str]:
    """Return, for each trace, the first work that its entry asks another service for: gateways name all requests alike.

    Which call came first the clock of the caller says; those of the callees may be askew.
    """
    spans = window.spans
    entry = np.full(len(spans.trace_ids), -1, np.int32)
    entry[spans.trace[rows]] = spans.service[rows]
    child = np.flatnonzero(spans.parent != ROOT)
    parent = spans.parent[child]
    asked = (spans.service[parent] == entry[spans.trace[child]]) & (spans.service[child] != spans.service[parent])
    child, parent = child[asked], parent[asked]
    child = child[np.lexsort((spans.start[child], spans.start[parent], spans.trace[child]))]
    traces, first = np.unique(spans.trace[child], return_index=True)
    codes = spans.operation[child[first]].tolist()
    return {trace: spans.names[code] for trace, code in zip(traces.tolist(), codes, strict=True)}


def _answers(window: Window, rows: Ints) -> Ints:
    """Return the span that tells how each request ended: where a client's own work does not tell, its last call."""
    spans = window.spans
    mute = np.zeros(len(spans), np.bool_)
    mute[rows] = (spans.kind[rows] == INTERNAL) & (spans.status[rows] == UNSET) & (spans.code[rows] == 0)
    calls = np.flatnonzero((spans.parent != ROOT) & (spans.kind == CLIENT))
    calls = calls[mute[spans.parent[calls]]]
    last = np.arange(len(spans))
    last[spans.parent[calls]] = calls  # rows are in order of start
    answers: Ints = last[rows]
    return answers


def _failed(rows: Ints, incident: Window, healthy: Sequence[tuple[Window, Ints]], signs: Sequence[Sign]) -> Flags:
    """Return which requests failed, and which were refused, where either became more frequent."""
    bad = np.zeros(len(rows), np.bool_)
    for sign in signs:
        hit = sign(incident, _answers(incident, rows))
        if sign is _refused and not healthy:
            continue  # of an operation that health did not have: it may be its everyday
        counts = _enough(
            [(int(sign(window, _answers(window, before)).sum()), len(before)) for window, before in healthy]
        )
        rate = max([failure_rate(*count) for count in counts], default=failure_rate(0, 0))
        if hit.any() and binomial_tail(int(hit.sum()), len(rows), rate) <= UNLIKELY:
            bad |= hit
    return bad


def _answered_well(window: Window, rows: Ints) -> Flags:
    spans = window.spans
    flags: Flags = (spans.status[rows] != ERROR) & (spans.code[rows] >= ANSWERED) & (spans.code[rows] < REFUSED)
    return flags


def _faulty(window: Window, rows: Ints) -> Flags:
    spans = window.spans
    flags: Flags = (spans.status[rows] == ERROR) | (spans.code[rows] >= FAULT)
    return flags


def _refused(window: Window, rows: Ints) -> Flags:
    spans = window.spans
    flags: Flags = (spans.status[rows] != ERROR) & (spans.code[rows] >= REFUSED) & (spans.code[rows] < FAULT)
    return flags


def _complained(window: Window, rows: Ints) -> Flags:
    """Return which requests have a line in a log that tells of a fault."""
    logs = window.telemetry.logs
    told = {logs.ids[code] for code in np.unique(logs.trace[logs.severity >= LOGGED_FAULT]).tolist()}
    names = window.spans.trace_ids
    return np.array([names[trace] in told for trace in window.spans.trace[rows].tolist()], np.bool_)


def _slow(rows: Ints, incident: Window, healthy: Sequence[tuple[Window, Ints]]) -> Flags:
    """Return which requests took longer than usual, where more than in any healthy window exceed nearly all."""
    now = incident.shape.length[rows].astype(np.float64)
    slow = np.ones(len(rows), np.bool_)
    windows = [window.shape.length[before].astype(np.float64) for window, before in healthy]
    enough = [usual for usual in windows if len(usual) >= FEW] or ([np.concatenate(windows)] if windows else [])
    for usual in enough:
        slow &= _longer(now, usual)
    return slow if enough else np.zeros(len(rows), np.bool_)


def _would_show(tries: int, healthy: Sequence[tuple[Window, Ints]]) -> bool:
    """Return True when so many requests, all worse, would be beyond chance."""
    return binomial_tail(tries, tries, smoothed_rate(0, sum(len(before) for _, before in healthy))) <= UNLIKELY


def _longer(now: Floats, usual: Floats) -> Flags:
    median = float(np.median(usual))
    for edge in (float(np.quantile(usual, HIGH)), float(usual.max())):
        limit = max(edge, LONGER * median)
        rate = smoothed_rate(int(np.count_nonzero(usual > limit)), len(usual))
        if binomial_tail(int(np.count_nonzero(now > limit)), len(now), rate) <= UNLIKELY:
            more: Flags = now > median
            return more
    return np.zeros(len(now), np.bool_)


def _enough(counts: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return (hits, tries) of each window with enough of them; of all together when no window has."""
    enough = [count for count in counts if count[1] >= FEW]
    return enough or ([(sum(hits for hits, _ in counts), sum(tries for _, tries in counts))] if counts else [])
