"""Which work, way or call takes longer than in health, by how much of the affected requests' time, and whose it is.

Excess over the healthy median, less the excess that health has too, so that a noisy group cancels
itself; summed as in ShapleyIQ (Li et al., ASPLOS 2023), where the contributions of independent
delays add up. Only spans on the critical path count (CRISP). A slow way between two services is
charged to the end whose other ways are slow as well (`blame`).
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
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import Floats, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.p_values import exceedance
from sre_space.domain.diagnosis import CauseKind, Evidence

UNLIKELY = 0.5  # a group beyond it is not slower, it varies; a verdict asks for far less
FEW = 10  # spans of a group that make no baseline by themselves
BUSY = 0.05  # of the requests' time: own work that is slower by it is busy
SHOWN = 3  # spans that a finding points to

_SQL = re.compile(r"\s*(select|insert into|update \S+ set|delete from|with|merge into|pragma)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Slowdown:
    """One group against its baseline; times in ns. `excess` is per row of `rows`, less what health has.

    `since` is the start of the first row that took longer than all of health did, 0 when none did.
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
        """Mean nanoseconds added to each call."""
        return float(self.excess.mean())


def slower(incident: Window, baselines: Sequence[Window]) -> list[Finding]:
    """Findings for every group that takes longer than chance allows."""
    slow = slowdowns(incident, baselines)
    clear = [one for one in slow if one.p_value <= UNLIKELY and one.impact > 0]
    ends = ends_of([_hop(one) for one in slow if one.group.part == Part.WAY])
    busy = {one.group.service for one in clear if one.group.part == Part.WORK and one.impact >= BUSY}
    return [_finding(one, incident, _charged(one.group, ends, busy, incident, baselines)) for one in clear]


def slowdowns(incident: Window, baselines: Sequence[Window]) -> list[Slowdown]:
    """Every group of the incident that some baseline knows, against the baseline that it differs least from.

    Healthy windows differ too (time of day, data); what is worse than one of them but not than
    another is no fault. Under more demand they may take as many times longer (`busier`). A call
    whose other end merely got lost here holds that end's work: it is left out.
    """
    usual, times = usual_times(baselines), busier(incident, baselines)
    answered, silent = answers([incident, *baselines])
    groups = incident.groups
    own = incident.shape.own.astype(np.float64)
    found = []
    for number, group in enumerate(groups.keys):
        call = (group.service, group.operation)
        half_seen = group.part == Part.CALL and sum(answered[call].values()) > silent[call]
        if group in usual and not half_seen:
            rows = groups.rows(number)
            busy = [values * times.get(group, 1.0) for values in usual[group]]
            compared = (_compared(group, rows, own[rows], values, incident) for values in busy)
            found.append(min(compared, key=lambda one: one.impact * (1.0 - one.p_value)))
    return found


def usual_times(baselines: Sequence[Window]) -> Mapping[CallGroup, list[Floats]]:
    """Self times of each group in ns, one array a baseline; baselines with FEW of them together are one."""
    windows: dict[CallGroup, list[Floats]] = defaultdict(list)
    for window in baselines:
        own = window.shape.own.astype(np.float64)
        for number, group in enumerate(window.groups.keys):
            windows[group].append(own[window.groups.rows(number)])
    return {group: _enough(parts) for group, parts in windows.items()}


def _enough(parts: Sequence[Floats]) -> list[Floats]:
    few = [values for values in parts if len(values) < FEW]
    return [values for values in parts if len(values) >= FEW] or [np.concatenate(few)]


def _compared(group: CallGroup, rows: Ints, values: Floats, usual: Floats, incident: Window) -> Slowdown:
    median = float(np.median(usual))
    noise = float(np.maximum(usual - median, 0).mean())
    seen = ~incident.shape.hidden[rows]
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
    """A way belongs to the end whose other ways are slow too; if they do not tell, to the slow leg's sender.

    When that does not tell either, the caller's, tied; tied too when the leg's receiver alone is slow in its work.
    A leg that is slow although its sender is not to blame waits for a receiver that has no time for it.
    """
    if group.part != Part.WAY:
        return _Charge(group.service, _kind(group))
    both, seen = (group.service, group.callee), ends[group.service, group.callee]
    sender = legs_of(group, incident, baselines).sender
    if seen.callee == seen.caller:
        tied = sender < 0 or (both[1 - sender] in busy and both[sender] not in busy)
        return _Charge(both[max(sender, 0)], CauseKind.SLOW_NETWORK, tied)
    end = int(seen.callee > seen.caller)
    return _Charge(both[end], CauseKind.SATURATION if sender == 1 - end else CauseKind.SLOW_NETWORK)


def _kind(group: CallGroup) -> CauseKind:
    if group.part == Part.WORK:
        return CauseKind.SLOW_CODE
    return CauseKind.SLOW_QUERY if _SQL.match(group.operation) else CauseKind.SLOW_NETWORK


def _finding(slow: Slowdown, incident: Window, charge: _Charge) -> Finding:
    group = slow.group
    worst = slow.rows[np.argsort(-slow.excess)[:SHOWN]]
    return Finding(
        service=charge.service,
        operation=_operation(group, charge.service),
        kind=charge.kind,
        sense=Signal.TIME,
        impact=slow.impact,
        p_value=slow.p_value,
        evidence=Evidence(f"span:{incident.spans.id_of(int(worst[0]))}", _told(slow)),
        since=slow.since,
        rows=tuple(int(row) for row in worst),
        tied=charge.tied,
    )


def _operation(group: CallGroup, service: str) -> str:
    return group.callee_operation if group.part == Part.WAY and service == group.callee else group.operation


def _told(slow: Slowdown) -> str:
    group = slow.group
    what = {
        Part.WORK: f"own time of `{group.operation}` in {group.service}",
        Part.WAY: f"the way from {group.service} to {group.callee} (`{group.callee_operation}`), outside both",
        Part.CALL: f"`{group.operation}` that {group.service} sends to {group.callee or 'a peer without spans'}",
    }[group.part]
    return (
        f"{what}: {slow.now / 1e6:.1f} ms on average, usually {slow.usual / 1e6:.1f} ms (n={len(slow.rows)}); "
        f"{slow.impact:.0%} of the time of the requests that pass it"
    )
