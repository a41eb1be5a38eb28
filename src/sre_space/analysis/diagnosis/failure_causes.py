"""Which service, operation and kind of cause a failure is charged to."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.blame import NO_OTHER_HOPS, Ends, NetworkHop, ends_of
from sre_space.analysis.diagnosis.failures import Failing, Sign, failing, origins
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import Mentions
from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.log_events import said_of_faults
from sre_space.analysis.diagnosis.log_failures import failing_by_log
from sre_space.analysis.diagnosis.messages import is_callers_fault
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.requests import UNFELT, Requests
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.tables import ERROR, ROOT, Flags, Ints
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind, Evidence

SHOWN = 3  # the number of spans that a finding points to
OF_THE_SERVER = (408, 429)  # codes of 4xx that tell of the server's time and limits
SAID = 200  # characters of a message that a statement shows
LOGGED = 120  # characters of a log line that a statement shows
OWN_FILE = "/"  # a peer that is a path is a file of the service itself, as SQLite's databases are


class Known(NamedTuple):
    """What is known before failures are looked at: how requests ended, services by name, calls given up too early."""

    requests: Requests
    peers: Peers
    mentions: Mentions
    hasty: Flags


@dataclass(frozen=True)
class _Context:
    """What failures are judged by: who shares them, how long calls usually take, how requests ended, who peers are."""

    ends: Mapping[tuple[str, str], Ends]
    usual_lengths: Mapping[CallGroup, float]
    requests: Requests
    peers: Peers
    mentions: Mentions
    hasty: Flags
    said: Mapping[int, str]

    def accused(self, group: CallGroup, message: str) -> str:
        """Return the service that a failure's message blames: another that it names, else the one that failed."""
        if is_callers_fault(message):
            return group.service
        named = self.mentions.of(message, besides=group.service)
        return next(iter(named), "") or self.peers.asked(message) or group.service


def failures(incident: Window, baselines: Sequence[Window], known: Known) -> list[Finding]:
    """Return a finding for every failure that begins where it is observed, as far as requests ended worse for it."""
    failed = [*failing(incident, baselines), *failing_by_log(incident, baselines)]
    rows = origins(failed, incident)
    ends = ends_of(_hops(failed, incident))
    said = said_of_faults(incident)
    usual_lengths = _usual_lengths([failure.group for failure in failed if failure.group.part == Part.HOP], baselines)
    return [
        _finding(failure, own, incident, _Context(ends, usual_lengths, *known, said))
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
    context: _Context,
) -> Finding:
    spans = incident.spans
    is_callers_own = float(np.median(spans.duration[rows])) < context.usual_lengths.get(failure.group, 0.0)
    is_callers_own = (
        is_callers_own or _asked_wrongly(rows, incident) or bool(2 * np.count_nonzero(context.hasty[rows]) > len(rows))
    )
    message = spans.names[spans.message[rows[0]]] or _logged_by(failure, int(rows[0]), incident, context.said)
    service, operation, kind = _charged(failure, incident, context, is_callers_own, message)
    traces = np.unique(spans.trace[rows])
    ended = context.requests.broken if failure.sign is Sign.BROKEN_OFF else context.requests.felt
    affected = len(traces) * failure.weight * max(UNFELT, ended(traces))
    share = min(1.0, affected / len(np.unique(spans.trace[failure.tried])))
    return Finding(
        service=service,
        operation=operation,
        kind=kind,
        signal=Signal.FAILURE,
        impact=share * math.sqrt(context.requests.recall(traces)),  # Ochiai's coefficient: precision and recall
        p_value=failure.p_value,
        evidence=Evidence(f"span:{spans.id_of(int(rows[0]))}", _statement(failure, rows, message, incident)),
        since=int(spans.start[rows].min()),
        rows=tuple(_shown(failure, rows, service, incident)),
        tied=failure.sign is Sign.BROKEN_OFF and context.accused(failure.group, message) != failure.group.service,
        reporter=failure.group.service,
        requests=len(traces),
    )


def _logged_by(failure: Failing, row: int, incident: Window, said: Mapping[int, str]) -> str:
    """Return the line that tells of the fault in the log of a span; "" for none.

    Of work that broke off, what waits for it in the same service may tell: handlers of exceptions are further out.
    """
    spans = incident.spans
    while row not in said and failure.sign is Sign.BROKEN_OFF:
        up = int(spans.parent[row])
        if up == ROOT or spans.service[up] != spans.service[row]:
            break
        row = up
    return said.get(row, "")


def _asked_wrongly(rows: Ints, incident: Window) -> bool:
    """Return True when most of these calls were answered that the request is wrong, by an end that did not fail."""
    spans, served = incident.spans, incident.shape.callee[rows]
    answered = served != ROOT
    codes = np.maximum(spans.code[rows], np.where(answered, spans.code[served], 0))
    wrong = (codes >= 400) & (codes < 500) & ~np.isin(codes, OF_THE_SERVER)
    wrong &= answered & (spans.status[served] != ERROR)
    return bool(2 * np.count_nonzero(wrong) > len(rows))


def _shown(failure: Failing, rows: Ints, service: str, incident: Window) -> list[int]:
    """Return the spans to point at: where work broke off because of a callee, the callee's."""
    if failure.after is None or service == failure.group.service:
        return [int(row) for row in rows[:SHOWN]]
    calls = incident.groups.rows(incident.groups.number[failure.after])
    answered = incident.shape.callee[calls[np.isin(incident.spans.parent[calls], rows)]]
    return [int(row) for row in answered[-SHOWN:]]


def _charged(
    failure: Failing, incident: Window, context: _Context, is_callers_own: bool, message: str
) -> tuple[str, str, CauseKind]:
    """Return the service, operation and kind that a failure is charged to.

    A call that fails before its usual duration, although its other end did not fail, is charged to the caller: its
    timeout is too short. So is one that was answered that the request is wrong (`is_callers_own`: either). What a call
    without answer says of its other end is charged to that end, when it is a service; so is what work says that broke
    off, though nothing but its word shows it (tied).
    """
    group = failure.group
    ends = context.ends
    if failure.sign is Sign.UNANSWERED:
        return group.callee, group.operation, CauseKind.CRASH
    if failure.sign is Sign.REFUSED:
        return group.service, group.operation, _of_refusal(failure, incident)
    if failure.sign is Sign.LOGGED or failure.logged:
        return context.accused(group, failure.logged), group.operation, CauseKind.ERROR
    if failure.sign is Sign.ERROR:
        if group.part == Part.WORK and (accused := context.accused(group, message)) != group.service:
            return accused, "", CauseKind.ERROR
        if group.part == Part.HOP and not is_callers_own:
            return group.callee, group.callee_operation, CauseKind.ERROR
        foreign = group.part == Part.CALL and not group.callee.startswith(OWN_FILE)
        named = context.peers.service_of(group.callee) if foreign else ""
        if named not in ("", group.service) and not is_callers_own and not is_callers_fault(message):
            return named, group.operation, CauseKind.ERROR
        return group.service, group.operation, CauseKind.DEPENDENCY_ERROR if foreign else CauseKind.ERROR
    if (accused := context.accused(group, message)) != group.service:
        return accused, "", CauseKind.ERROR
    step = failure.after
    if step is not None and step.part == Part.HOP and _callee_failed(step, incident, ends):
        return step.callee, step.callee_operation, CauseKind.ERROR
    return group.service, group.operation, CauseKind.ERROR


def _of_refusal(failure: Failing, incident: Window) -> CauseKind:
    """Return the kind of a 4xx answer: one that tells of the limits of a peer without spans is that peer's."""
    limited = np.isin(incident.spans.code[failure.rows], OF_THE_SERVER).all()
    return CauseKind.DEPENDENCY_ERROR if limited and _called(failure.group) else CauseKind.UNKNOWN


def _callee_failed(step: CallGroup, incident: Window, ends: Mapping[tuple[str, str], Ends]) -> bool:
    """Return True when other callers break off after this callee too; without others, when it left no sign of success.

    Other calls of the same caller say nothing here: code fails on one path and not on others.
    """
    callers = ends[step.service, _served(step)].callee
    if callers != NO_OTHER_HOPS:
        return callers > NO_OTHER_HOPS
    served = incident.shape.callee[incident.groups.rows(incident.groups.number[step])]
    return not np.isin(served, incident.spans.parent).any()


def _statement(failure: Failing, rows: Ints, message: str, incident: Window) -> str:
    rate = f"{len(failure.rows)} of {len(failure.tried)}, usually {failure.usual:.1%}"
    group = failure.group
    quoted = f"; it said: {message[:SAID]}" if message else ""
    if failure.sign is Sign.UNANSWERED:
        return f"{group.callee} left no span of calls that {group.service} made (`{group.operation}`): {rate}{quoted}"
    if failure.sign is Sign.ERROR:
        code = int(incident.spans.code[rows[0]])
        coded = f" with {code}" if code and str(code) not in message else ""
        return f"`{group.operation}` in {group.service}{_called(group)} failed{coded}: {rate}{quoted}"
    if failure.sign is Sign.REFUSED:
        answers = (
            f"is answered {code}" if (code := incident.spans.code[rows[0]]) and _called(group) else f"answers {code}"
        )
        return f"`{group.operation}` in {group.service}{_called(group)} {answers}: {rate}"
    if failure.sign is Sign.LOGGED:
        return f"`{group.operation}` in {group.service} logs `{failure.logged[:LOGGED]}`: {rate}"
    if failure.logged:
        after = f"no longer goes on after it logs `{failure.logged[:LOGGED]}`"
        return f"`{group.operation}` in {group.service} {after}: {rate}"
    step = failure.after
    after = f"after `{step.callee_operation or step.operation}`" if step is not None else "before its first step"
    return f"`{group.operation}` in {group.service} breaks off {after}: {rate}{quoted}"


def _called(group: CallGroup) -> str:
    """Return the text for the callee of a call that has no spans of its own: a database, a queue, a foreign service."""
    foreign = group.part == Part.CALL and group.callee and not group.callee.startswith(OWN_FILE)
    return f", a call to {group.callee}," if foreign else ""
