"""Which service, operation and kind of cause a failure is charged to."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.blame import NO_OTHER_HOPS, Ends, NetworkHop, ends_of
from sre_space.analysis.diagnosis.failures import Failing, Sign, failing, origins
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Evidence

SHOWN = 3  # the number of spans that a finding points to
OWN_FILE = "/"  # a peer that is a path is a file of the service itself, as SQLite's databases are


def failures(incident: Window, baselines: Sequence[Window]) -> list[Finding]:
    """Return a finding for every failure that begins where it is observed."""
    failed = failing(incident, baselines)
    rows = origins(failed, incident)
    ends = ends_of(_hops(failed, incident))
    usual_lengths = _usual_lengths([failure.group for failure in failed if failure.group.part == Part.HOP], baselines)
    return [
        _finding(failure, own, incident, ends, usual_lengths)
        for failure, own in zip(failed, rows, strict=True)
        if len(own)
    ]


def _usual_lengths(calls: Sequence[CallGroup], baselines: Sequence[Window]) -> Mapping[CallGroup, float]:
    """Return the median duration (ns) of each of these calls in health."""
    lengths: dict[CallGroup, list[Ints]] = {}
    for window in baselines:
        for call in calls:
            if call in window.groups.number:
                lengths.setdefault(call, []).append(
                    window.spans.duration[window.groups.rows(window.groups.number[call])]
                )
    return {call: float(np.median(np.concatenate(parts))) for call, parts in lengths.items()}


def _hops(failed: Sequence[Failing], incident: Window) -> list[NetworkHop]:
    """Return every call from a service to another's operation, with the rate at which the caller failed after it."""
    rates: dict[CallGroup, float] = {}
    for failure in failed:
        call = failure.after if failure.sign is Sign.BROKEN_OFF else failure.group
        if call is not None:
            rates[call] = max(rates.get(call, 0.0), failure.rate)
    sized = ((group, incident.groups.size(number)) for number, group in enumerate(incident.groups.keys))
    return [
        NetworkHop(group.service, _served(group), rates.get(group, 0.0), size)
        for group, size in sized
        if group.part == Part.HOP
    ]


def _served(call: CallGroup) -> str:
    return f"{call.callee} {call.callee_operation}"


def _finding(
    failure: Failing,
    rows: Ints,
    incident: Window,
    ends: Mapping[tuple[str, str], Ends],
    usual_lengths: Mapping[CallGroup, float],
) -> Finding:
    spans = incident.spans
    gave_up = float(np.median(spans.duration[rows])) < usual_lengths.get(failure.group, 0.0)
    service, operation, kind = _charged(failure, incident, ends, gave_up)
    affected = len(np.unique(spans.trace[rows])) * failure.weight
    return Finding(
        service=service,
        operation=operation,
        kind=kind,
        signal=Signal.FAILURE,
        impact=min(1.0, affected / len(np.unique(spans.trace[failure.tried]))),
        p_value=failure.p_value,
        evidence=Evidence(f"span:{spans.id_of(int(rows[0]))}", _statement(failure, rows, incident)),
        since=int(spans.start[rows].min()),
        rows=tuple(_shown(failure, rows, service, incident)),
        reporter=failure.group.service,
    )


def _shown(failure: Failing, rows: Ints, service: str, incident: Window) -> list[int]:
    """Return the spans to point at: where work broke off because of a callee, the callee's."""
    if failure.after is None or service == failure.group.service:
        return [int(row) for row in rows[:SHOWN]]
    calls = incident.groups.rows(incident.groups.number[failure.after])
    answered = incident.shape.callee[calls[np.isin(incident.spans.parent[calls], rows)]]
    return [int(row) for row in answered[-SHOWN:]]


def _charged(
    failure: Failing, incident: Window, ends: Mapping[tuple[str, str], Ends], gave_up: bool
) -> tuple[str, str, CauseKind]:
    """Return the service, operation and kind that a failure is charged to.

    A call that fails before its usual duration, although its other end did not fail, is charged to the caller: its
    timeout is too short.
    """
    group = failure.group
    if failure.sign is Sign.UNANSWERED:
        return group.callee, group.operation, CauseKind.CRASH
    if failure.sign is Sign.REFUSED:
        return group.service, group.operation, CauseKind.UNKNOWN
    if failure.sign is Sign.ERROR:
        if group.part == Part.HOP and not gave_up:
            return group.callee, group.callee_operation, CauseKind.ERROR
        foreign = group.part == Part.CALL and not group.callee.startswith(OWN_FILE)
        return group.service, group.operation, CauseKind.DEPENDENCY_ERROR if foreign else CauseKind.ERROR
    step = failure.after
    if step is not None and step.part == Part.HOP and _callee_failed(step, incident, ends):
        return step.callee, step.callee_operation, CauseKind.ERROR
    return group.service, group.operation, CauseKind.ERROR


def _callee_failed(step: CallGroup, incident: Window, ends: Mapping[tuple[str, str], Ends]) -> bool:
    """Return True when other callers break off after this callee too; without others, when it left no sign of success.

    Other calls of the same caller say nothing here: code fails on one path and not on others.
    """
    callers = ends[step.service, _served(step)].callee
    if callers != NO_OTHER_HOPS:
        return callers > NO_OTHER_HOPS
    served = incident.shape.callee[incident.groups.rows(incident.groups.number[step])]
    return not np.isin(served, incident.spans.parent).any()


def _statement(failure: Failing, rows: Ints, incident: Window) -> str:
    rate = f"{len(failure.rows)} of {len(failure.tried)}, usually {failure.usual:.1%}"
    group = failure.group
    message = incident.spans.names[incident.spans.message[rows[0]]]
    quoted = f"; it said: {message}" if message else ""
    if failure.sign is Sign.UNANSWERED:
        return f"{group.callee} left no span of calls that {group.service} made (`{group.operation}`): {rate}{quoted}"
    if failure.sign is Sign.ERROR:
        return f"`{group.operation}` in {group.service}{_called(group)} failed: {rate}{quoted}"
    if failure.sign is Sign.REFUSED:
        return f"`{group.operation}` in {group.service} answers {incident.spans.code[rows[0]]}: {rate}"
    step = failure.after
    after = f"after `{step.callee_operation or step.operation}`" if step is not None else "before its first step"
    return f"`{group.operation}` in {group.service} breaks off {after}: {rate}"


def _called(group: CallGroup) -> str:
    """Return the text for the callee of a call that has no spans of its own: a database, a queue, a foreign service."""
    foreign = group.part == Part.CALL and group.callee and not group.callee.startswith(OWN_FILE)
    return f", a call to {group.callee}," if foreign else ""
