"""From failing things to the service, operation and kind to charge with them."""

from collections.abc import Mapping, Sequence

import numpy as np

from sre_space.analysis.diagnosis.blame import UNTOLD, Ends, NetworkHop, ends_of
from sre_space.analysis.diagnosis.failures import Failing, Sign, failing, origins
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Evidence

SHOWN = 3  # spans that a finding points to
OWN_FILE = "/"  # a peer that is a path is a file of the service itself, as SQLite's databases are


def failures(incident: Window, baselines: Sequence[Window]) -> list[Finding]:
    """Findings for every failure that begins where it is seen."""
    found = failing(incident, baselines)
    rows = origins(found, incident)
    ends = ends_of(_hops(found, incident))
    patience = _usual_lengths([one.group for one in found if one.group.part == Part.WAY], baselines)
    return [_finding(one, own, incident, ends, patience) for one, own in zip(found, rows, strict=True) if len(own)]


def _usual_lengths(calls: Sequence[CallGroup], baselines: Sequence[Window]) -> Mapping[CallGroup, float]:
    """What each of these calls takes in health, median ns."""
    lengths: dict[CallGroup, list[Ints]] = {}
    for window in baselines:
        for call in calls:
            if call in window.groups.number:
                lengths.setdefault(call, []).append(
                    window.spans.duration[window.groups.rows(window.groups.number[call])]
                )
    return {call: float(np.median(np.concatenate(parts))) for call, parts in lengths.items()}


def _hops(found: Sequence[Failing], incident: Window) -> list[NetworkHop]:
    """Every call from a service to another's operation, with the share after which the caller failed or broke off."""
    ill: dict[CallGroup, float] = {}
    for one in found:
        call = one.after if one.sign is Sign.BROKEN_OFF else one.group
        if call is not None:
            ill[call] = max(ill.get(call, 0.0), one.rate)
    sized = ((group, incident.groups.size(number)) for number, group in enumerate(incident.groups.keys))
    return [
        NetworkHop(group.service, _served(group), ill.get(group, 0.0), size)
        for group, size in sized
        if group.part == Part.WAY
    ]


def _served(call: CallGroup) -> str:
    return f"{call.callee} {call.callee_operation}"


def _finding(
    one: Failing,
    rows: Ints,
    incident: Window,
    ends: Mapping[tuple[str, str], Ends],
    patience: Mapping[CallGroup, float],
) -> Finding:
    spans = incident.spans
    gave_up = float(np.median(spans.duration[rows])) < patience.get(one.group, 0.0)
    service, operation, kind = _charged(one, incident, ends, gave_up)
    hurt = len(np.unique(spans.trace[rows])) * one.weight
    return Finding(
        service=service,
        operation=operation,
        kind=kind,
        sense=Signal.FAILURE,
        impact=min(1.0, hurt / len(np.unique(spans.trace[one.tried]))),
        p_value=one.p_value,
        evidence=Evidence(f"span:{spans.id_of(int(rows[0]))}", _told(one, rows, incident)),
        since=int(spans.start[rows].min()),
        rows=tuple(_shown(one, rows, service, incident)),
        speaker=one.group.service,
    )


def _shown(one: Failing, rows: Ints, service: str, incident: Window) -> list[int]:
    """The spans to point at: where work broke off because of a callee, the callee's."""
    if one.after is None or service == one.group.service:
        return [int(row) for row in rows[:SHOWN]]
    calls = incident.groups.rows(incident.groups.number[one.after])
    answered = incident.shape.callee[calls[np.isin(incident.spans.parent[calls], rows)]]
    return [int(row) for row in answered[-SHOWN:]]


def _charged(
    one: Failing, incident: Window, ends: Mapping[tuple[str, str], Ends], gave_up: bool
) -> tuple[str, str, CauseKind]:
    """Whose it is; a call that fails although its other end did not, before it usually ends, is its caller's haste."""
    group = one.group
    if one.sign is Sign.UNANSWERED:
        return group.callee, group.operation, CauseKind.CRASH
    if one.sign is Sign.REFUSED:
        return group.service, group.operation, CauseKind.UNKNOWN
    if one.sign is Sign.ERROR:
        if group.part == Part.WAY and not gave_up:
            return group.callee, group.callee_operation, CauseKind.ERROR
        foreign = group.part == Part.CALL and not group.callee.startswith(OWN_FILE)
        return group.service, group.operation, CauseKind.DEPENDENCY_ERROR if foreign else CauseKind.ERROR
    step = one.after
    if step is not None and step.part == Part.WAY and _callee_failed(step, incident, ends):
        return step.callee, step.callee_operation, CauseKind.ERROR
    return group.service, group.operation, CauseKind.ERROR


def _callee_failed(step: CallGroup, incident: Window, ends: Mapping[tuple[str, str], Ends]) -> bool:
    """True when other callers break off after this callee too; with no others, when nothing shows that it finished.

    Other calls of the same caller say nothing here: code fails on one path and not on others.
    """
    callers = ends[step.service, _served(step)].callee
    if callers != UNTOLD:
        return callers > UNTOLD
    served = incident.shape.callee[incident.groups.rows(incident.groups.number[step])]
    return not np.isin(served, incident.spans.parent).any()


def _told(one: Failing, rows: Ints, incident: Window) -> str:
    rate = f"{len(one.rows)} of {len(one.tried)}, usually {one.usual:.1%}"
    group = one.group
    message = incident.spans.names[incident.spans.message[rows[0]]]
    said = f"; it said: {message}" if message else ""
    if one.sign is Sign.UNANSWERED:
        return f"{group.callee} left no span of calls that {group.service} made (`{group.operation}`): {rate}{said}"
    if one.sign is Sign.ERROR:
        return f"`{group.operation}` in {group.service}{_called(group)} failed: {rate}{said}"
    if one.sign is Sign.REFUSED:
        return f"`{group.operation}` in {group.service} answers {incident.spans.code[rows[0]]}: {rate}"
    step = one.after
    after = f"after `{step.callee_operation or step.operation}`" if step is not None else "before its first step"
    return f"`{group.operation}` in {group.service} breaks off {after}: {rate}"


def _called(group: CallGroup) -> str:
    """Whom a call was for that has no spans of its own: a database, a queue, somebody else's service."""
    foreign = group.part == Part.CALL and group.callee and not group.callee.startswith(OWN_FILE)
    return f", a call to {group.callee}," if foreign else ""
