"""Work that makes the same call more often than in health: retries, or one query a row instead of one for all."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.latency import is_statement
from sre_space.analysis.diagnosis.tables import ERROR, Flags
from sre_space.analysis.diagnosis.templates import poisson_tail
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Evidence

MIN_TIMES_MORE = 1.5  # times as many calls for each execution: below it, the mix of requests may have changed
UNLIKELY = 0.05
SHOWN = 3


def repeated(incident: Window, baselines: Sequence[Window], waiting: Flags) -> list[Finding]:
    """Return a finding for each step that one execution makes at least MORE times as often, charged to the caller.

    Attempts after a call that failed are none, where spans may wait for what no span shows (`waiting`).
    """
    usual: dict[tuple[CallGroup, CallGroup], list[float]] = defaultdict(list)
    for window in baselines:
        for key, (made, able, _) in window.calls_made.items():
            usual[key].append(made / able)
    findings = []
    for (up, step), (made, able, length) in incident.calls_made.items():
        before = max(usual[up, step], default=0.0)
        expected = before * able
        more = before > 0 and made >= MIN_TIMES_MORE * expected and poisson_tail(made, expected) <= UNLIKELY
        if more and not _tried_again((up, step), made - expected, incident, waiting):
            findings.append(_finding((up, step), made, expected, length, incident))
    return findings


def _tried_again(key: tuple[CallGroup, CallGroup], more: float, incident: Window, waiting: Flags) -> bool:
    """Return True when half of the additional calls are attempts after one that failed: its failure is to blame."""
    steps, spans = incident.steps, incident.spans
    made = steps.kind == steps.keys.index(key)
    children = steps.child[made & waiting[steps.parent]]
    return 2 * int(np.count_nonzero(spans.status[children] == ERROR)) >= more


def _finding(key: tuple[CallGroup, CallGroup], made: int, expected: float, length: float, incident: Window) -> Finding:
    up, step = key
    parents = incident.groups.rows(incident.groups.number[up])
    time = float(incident.trace_time[np.unique(incident.spans.trace[parents])].sum())
    what = step.callee_operation or step.operation
    now, usual = made / len(parents), expected / len(parents)
    statement = f"`{up.operation}` in {up.service} does `{what}` {now:.1f} times, usually {usual:.1f}"
    kind = CauseKind.SLOW_QUERY if is_statement(step) else CauseKind.SLOW_CODE
    return Finding(
        service=up.service,
        operation=up.operation,
        kind=kind,
        signal=Signal.TIME,
        impact=min(1.0, (made - expected) * length / max(1.0, time)),
        p_value=poisson_tail(made, expected),
        evidence=Evidence(f"span:{incident.spans.id_of(int(parents[0]))}/calls", statement),
        since=int(incident.spans.start[parents].min()),
        rows=tuple(int(row) for row in parents[:SHOWN]),
    )
