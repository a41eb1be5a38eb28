"""Which work, network hop or call takes longer than in health, for what share of the requests' time, and whose it is.

Excess over the healthy median, less the excess that health has too, so that a noisy group cancels
itself; summed as in ShapleyIQ (Li et al., ASPLOS 2023), where the contributions of independent
delays add up. Only spans on the critical path count (CRISP). A slow hop between two services is
charged to the end whose other hops are slow as well (`blame`).
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.blame import Ends, NetworkHop, ends_of
from sre_space.analysis.diagnosis.demand import busier
from sre_space.analysis.diagnosis.failures import answers
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.legs import legs_of
from sre_space.analysis.diagnosis.requests import UNFELT, Requests
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import Flags, Floats, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import exceedance
from sre_space.domain.diagnosis import CauseKind, Evidence

UNLIKELY = 0.5  # a group with a larger p-value is not slower; a verdict asks for a far smaller one
FEW = 10  # a group with fewer spans makes no baseline by itself
BUSY = 0.05  # of the requests' time: a service whose own work is slower by it is busy
SHOWN = 3  # the number of spans that a finding points to

_SQL = re.compile(r"\s*(select|insert into|update \S+ set|delete from|with|merge into|pragma)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Slowdown:
    """One group against its baseline; times in ns. `excess` is per row of `rows`, less the excess of health.

    `since` is the start of the first row that took longer than every span in health, 0 when none did.
    """

    group: CallGroup
    rows: Ints
    excess: Floats
    usual: float
    now: float
    impact: float
    p_value: float
    since: int

    @property
    def per_call(self) -> float:
        """Return the mean nanoseconds added to each call."""
        return float(self.excess.mean())


def slower(incident: Window, baselines: Sequence[Window], requests: Requests, waiting: Flags) -> list[Finding]:
    """Return a finding for every group that takes longer than chance allows, as far as requests ended worse for it."""
    slow = slowdowns(incident, baselines, waiting)
    significant = [slowdown for slowdown in slow if slowdown.p_value <= UNLIKELY and slowdown.impact > 0]
    ends = ends_of([_hop(slowdown) for slowdown in slow if slowdown.group.part == Part.HOP])
    busy = {
        slowdown.group.service
        for slowdown in significant
        if slowdown.group.part == Part.WORK and slowdown.impact >= BUSY
    }
    return [
        _finding(slowdown, incident, _charged(slowdown.group, ends, busy, incident, baselines), requests)
        for slowdown in significant
    ]


def slowdowns(incident: Window, baselines: Sequence[Window], waiting: Flags) -> list[Slowdown]:
    """Return every group of the incident that some baseline knows, against the baseline that it differs least from.

    Healthy windows differ too (time of day, data); a group that is worse than one of them but not than
    another is no fault. Under more demand they may take as many times longer (`busier`). A call
    whose other end merely lost its span here contains that end's work: it is left out.
    """
    usual, times = usual_times(baselines), busier(incident, baselines)
    answered, silent = answers([incident, *baselines])
    groups = incident.groups
    result = []
    for number, group in enumerate(groups.keys):
        call = (group.service, group.operation)
        is_partial = group.part == Part.CALL and sum(answered[call].values()) > silent[call]
        if group in usual and not is_partial:
            rows = groups.rows(number)
            busy = [values * times.get(group, 1.0) for values in usual[group]]
            seen = ~incident.shape.hidden[rows] & ~(waiting[rows] & (group.part == Part.WORK))
            compared = (_compared(group, rows, values, incident, seen) for values in busy)
            result.append(min(compared, key=lambda slowdown: slowdown.impact * (1.0 - slowdown.p_value)))
    return result


def usual_times(baselines: Sequence[Window]) -> Mapping[CallGroup, list[Floats]]:
    """Return the self times (ns) of each group, one array a baseline; baselines with FEW of them are joined."""
    windows: dict[CallGroup, list[Floats]] = defaultdict(list)
    for window in baselines:
        own = window.shape.own.astype(np.float64)
        for number, group in enumerate(window.groups.keys):
            windows[group].append(own[window.groups.rows(number)])
    return {group: _enough(parts) for group, parts in windows.items()}


def _enough(parts: Sequence[Floats]) -> list[Floats]:
    few = [values for values in parts if len(values) < FEW]
    return [values for values in parts if len(values) >= FEW] or [np.concatenate(few)]


def _compared(group: CallGroup, rows: Ints, usual: Floats, incident: Window, seen: Flags) -> Slowdown:
    values = incident.shape.own[rows].astype(np.float64)
    median = float(np.median(usual))
    noise = float(np.maximum(usual - median, 0).mean())
    excess = np.where(seen, np.maximum(values - median, 0) - noise, 0.0)
    traces = np.unique(incident.spans.trace[rows])
    impact = max(0.0, float(excess.sum())) / max(1.0, float(incident.trace_time[traces].sum()))
    late = incident.spans.start[rows[values > usual.max()]]
    since = int(late.min()) if len(late) else 0
    return Slowdown(
        group, rows, excess, median, float(values.mean()), min(1.0, impact), exceedance(values, usual), since
    )


def _hop(slow: Slowdown) -> NetworkHop:
    return NetworkHop(
        slow.group.service, slow.group.callee, slow.per_call if slow.p_value <= UNLIKELY else 0.0, len(slow.rows)
    )


class _Charge(NamedTuple):
    service: str
    kind: CauseKind
    tied: bool = False


def _charged(
    group: CallGroup,
    ends: Mapping[tuple[str, str], Ends],
    busy: set[str],
    incident: Window,
    baselines: Sequence[Window],
) -> _Charge:
    """Return the service and kind that a slow group is charged to.

    A hop belongs to the end whose other hops are slow too; if they do not tell, to the slow leg's sender.
    When that does not tell either, it is tied: to the callee where both legs gain alike, else to the caller. It is tied
    too when the leg's receiver alone is slow in its work.
    A leg that is slow although its sender is not to blame waits for a receiver that is saturated.
    """
    if group.part != Part.HOP:
        return _Charge(group.service, _kind(group))
    pair, shares = (group.service, group.callee), ends[group.service, group.callee]
    legs = legs_of(group, incident, baselines)
    sender = legs.sender
    if shares.callee == shares.caller:
        tied = sender < 0 or (pair[1 - sender] in busy and pair[sender] not in busy)
        return _Charge(pair[int(legs.alike) if sender < 0 else sender], CauseKind.SLOW_NETWORK, tied)
    end = int(shares.callee > shares.caller)
    return _Charge(pair[end], CauseKind.SATURATION if sender == 1 - end else CauseKind.SLOW_NETWORK)


def _kind(group: CallGroup) -> CauseKind:
    if group.part == Part.WORK:
        return CauseKind.SLOW_CODE
    return CauseKind.SLOW_QUERY if is_statement(group) else CauseKind.SLOW_NETWORK


def is_statement(group: CallGroup) -> bool:
    """Return True for the call of a database that runs a statement."""
    return group.part == Part.CALL and _SQL.match(group.operation) is not None


def _finding(slow: Slowdown, incident: Window, charge: _Charge, requests: Requests) -> Finding:
    group = slow.group
    later = np.maximum(slow.excess, 0.0)
    traces = incident.spans.trace[slow.rows]
    worst = slow.rows[np.argsort(-slow.excess)[:SHOWN]]
    return Finding(
        service=charge.service,
        operation=_operation(group, charge.service),
        kind=charge.kind,
        signal=Signal.TIME,
        impact=slow.impact * max(UNFELT, requests.felt_of(traces, later)),
        p_value=slow.p_value,
        evidence=Evidence(f"span:{incident.spans.id_of(int(worst[0]))}", _statement(slow)),
        since=slow.since,
        rows=tuple(int(row) for row in worst),
        tied=charge.tied,
        requests=len(np.unique(traces[later > 0])),
    )


def _operation(group: CallGroup, service: str) -> str:
    return group.callee_operation if group.part == Part.HOP and service == group.callee else group.operation


def _statement(slow: Slowdown) -> str:
    group = slow.group
    what = {
        Part.WORK: f"own time of `{group.operation}` in {group.service}",
        Part.HOP: f"the way from {group.service} to {group.callee} (`{group.callee_operation}`), outside both",
        Part.CALL: f"`{group.operation}` that {group.service} sends to {group.callee or 'a peer without spans'}",
    }[group.part]
    return (
        f"{what}: {slow.now / 1e6:.1f} ms on average, usually {slow.usual / 1e6:.1f} ms (n={len(slow.rows)}); "
        f"{slow.impact:.0%} of the time of the requests that pass it"
    )
