"""Work that makes the same call more often than in health: retries, or one query a row instead of one for all."""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.latency import is_statement
from sre_space.analysis.diagnosis.requests import UNFELT, Requests
from sre_space.analysis.diagnosis.tables import ERROR, Flags
from sre_space.analysis.diagnosis.templates import poisson_tail
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Evidence

MIN_TIMES_MORE = 1.5  # times as many calls for each execution: below it, the mix of requests may have changed
MIN_KNOWN = 5  # executions in health: fewer do not tell how often a call is made
UNLIKELY = 0.05
SHOWN = 3


class _Step(NamedTuple):
    """A call that some work made so many times, where so many were expected; `length` is its mean duration (ns)."""

    up: CallGroup
    step: CallGroup
    made: int
    expected: float
    length: float


def repeated(incident: Window, baselines: Sequence[Window], requests: Requests, waiting: Flags) -> list[Finding]:
    """Return a finding for each step that one execution makes more often, charged to the caller, as far as it is felt.

    Attempts after a call that failed are none, where spans may wait for what no span shows (`waiting`).
    """
    usual = _usual(baselines)
    steps = [
        _Step(up, step, made, usual[up, step] * able, length)
        for (up, step), (made, able, length) in incident.calls_made.items()
        if (up, step) in usual
    ]
    return [
        _finding(step, incident, requests)
        for step in steps
        if step.made >= MIN_TIMES_MORE * step.expected
        and poisson_tail(step.made, step.expected) <= UNLIKELY
        and not _tried_again(step, incident, waiting)
    ]


def _usual(baselines: Sequence[Window]) -> dict[tuple[CallGroup, CallGroup], float]:
    """Return how often one execution makes each call: the most of any healthy window, each with enough executions."""
    counts: dict[tuple[CallGroup, CallGroup], list[tuple[int, int]]] = defaultdict(list)
    for window in baselines:
        for key, (made, able, _) in window.calls_made.items():
            counts[key].append((made, able))
    usual = {}
    for key, each in counts.items():
        joined = sum(made for made, _ in each), sum(able for _, able in each)
        if joined[1] >= MIN_KNOWN:
            usual[key] = max(made / able for made, able in (joined, *each) if able >= MIN_KNOWN)
    return usual


def _tried_again(step: _Step, incident: Window, waiting: Flags) -> bool:
    """Return True when half of the additional calls are attempts after one that failed: its failure is to blame."""
    steps, spans = incident.steps, incident.spans
    made = steps.kind == steps.keys.index((step.up, step.step))
    children = steps.child[made & waiting[steps.parent]]
    return 2 * int(np.count_nonzero(spans.status[children] == ERROR)) >= step.made - step.expected


def _finding(step: _Step, incident: Window, requests: Requests) -> Finding:
    parents = incident.groups.rows(incident.groups.number[step.up])
    traces = np.unique(incident.spans.trace[parents])
    time = float(incident.trace_time[traces].sum())
    share = min(1.0, (step.made - step.expected) * step.length / max(1.0, time))
    what = step.step.callee_operation or step.step.operation
    now, usual = step.made / len(parents), step.expected / len(parents)
    statement = f"`{step.up.operation}` in {step.up.service} does `{what}` {now:.1f} times, usually {usual:.1f}"
    return Finding(
        service=step.up.service,
        operation=step.up.operation,
        kind=CauseKind.SLOW_QUERY if is_statement(step.step) else CauseKind.SLOW_CODE,
        signal=Signal.TIME,
        impact=share * max(UNFELT, requests.felt(traces)),
        p_value=poisson_tail(step.made, step.expected),
        evidence=Evidence(f"span:{incident.spans.id_of(int(parents[0]))}/calls", statement),
        since=int(incident.spans.start[parents].min()),
        rows=tuple(int(row) for row in parents[:SHOWN]),
        requests=len(traces),
    )
