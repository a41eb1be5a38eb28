"""How much of what went wrong at an operation is explained by the operations that it called: victim or culprit.

Excess is the amount over the baseline: nanoseconds for latency, failures for errors. The part of the excess of a
service's own requests that its calls to others show too belongs to the callees; the part of the excess of a call that
the callee's own spans show too belongs to the callee, and the rest of a call belongs to the network hop between the
two. Calls that fail without being slow, at a callee that served all of them, are the caller's own fault: it gave up.
Sums, not joined traces, so this needs nothing that sketches of split partitions do not hold. Statements on the own
database count as the service itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sre_space.analysis.detection.indicators import Indicator
from sre_space.analysis.detection.inhibition import AT_ONCE_NS, Inhibition, Source
from sre_space.analysis.detection.operations import ALL, INDICATORS, SECOND, FiringOperation, Operations, OperationWatch
from sre_space.analysis.statistics.sketch import Operation, examples_of
from sre_space.domain.symptoms import Symptom
from sre_space.domain.telemetry import SpanKind

EXPLAINED = 0.5  # of the excess: from this share on an operation is a victim
SERVED = 0.9  # of the calls: nearly all, since a second's end separates some calls from their answers
PATIENCE_NS = 5 * SECOND  # how long a victim's alarm waits for the culprit's own alarm
APART_S = 2  # the newest seconds are left out, because callers and callees export apart
OWN = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(frozen=True)
class FiredAlarm:
    """A symptom with what correlation needs to know. `callee` and `caller` are set for a call to another service.

    `explained` is the share (0 to 1) of the excess that services further down the call graph explain; `fired` is Unix
    ns. The alarm of a journey has the journey's name as its service and `journey` set. `watched` is the operation whose
    spans show the symptom: the accused service may change while the symptom stays the same. `patience` is how long (ns)
    the alarm of a victim or a journey waits for its culprit. `alone`: the service shows it by itself, so that it is an
    incident of its own with a remedy of its own, and only work on that very service excuses it.
    """

    symptom: Symptom
    operation: str = ""
    callee: str = ""
    caller: str = ""
    explained: float = 0.0
    fired: int = 0
    journey: bool = False
    traces: tuple[str, ...] = ()
    watched: Operation | None = None
    patience: int = PATIENCE_NS
    alone: bool = False

    @property
    def accuses(self) -> bool:
        """Return True when the service is accused on its own evidence."""
        return not self.journey and self.explained < EXPLAINED


@dataclass(frozen=True)
class Excess:
    """The amount over the baseline (ns or failures), summed over `count` requests."""

    count: int = 0
    amount: float = 0.0

    @property
    def mean(self) -> float:
        """Return the excess per request; 0 without requests."""
        return self.amount / self.count if self.count else 0.0


def findings(
    operations: Operations,
    peers: Mapping[str, str],
    now: int,
    windows: Sequence[Inhibition] = (),
    indicators: Sequence[Indicator] = INDICATORS,
) -> list[FiredAlarm]:
    """Return the alarms that fire now (Unix ns), each with the share that is explained by services further down.

    `peers` maps `host:port` to the service behind it; an unknown address stands for itself. `windows` are the
    inhibitions, deployments among them; only alarms of the `indicators` are returned.
    """
    suspects = (suspect for suspect in operations.suspects(now) if suspect.indicator in indicators)
    return [_finding(suspect, operations, peers, windows) for suspect in suspects]


def _finding(
    suspect: FiringOperation, operations: Operations, peers: Mapping[str, str], windows: Sequence[Inhibition]
) -> FiredAlarm:
    operation, alarm = suspect.operation, suspect.alarm
    callee, explained = peers.get(operation.peer, operation.peer), _explained(suspect, operations, peers)
    # The caller is a victim of the network hop to the callee.
    is_hop = callee in operations.calls and explained < EXPLAINED
    if is_hop and (_gave_up(suspect, operations, peers) or _was_changed(suspect, callee, windows)):
        is_hop, callee = False, ""
    return FiredAlarm(
        symptom=Symptom(
            suspect.kind,
            callee if is_hop else operation.service,
            suspect.indicator.detail(operation.name, alarm, suspect.thresholds, suspect.slow_from),
            round(alarm.share, 4),
            round(alarm.tolerated, 4),
            alarm.since,
            suspect.kind.of(operation.service, operation.label),
            suspect.thresholds.usual,
        ),
        operation=operation.name,
        callee=callee,
        caller=operation.service if callee else "",
        explained=round(explained, 3),
        fired=alarm.fired_at,
        traces=_traces(suspect),
        watched=operation,
    )


def _traces(suspect: FiringOperation) -> tuple[str, ...]:
    """Return the ids of the exemplar traces of the symptom: failed ones for errors, slow ones for latency."""
    seen = examples_of(suspect.latest)
    return tuple(exemplar.trace_id.hex() for exemplar in suspect.indicator.exemplars(seen))


def _gave_up(suspect: FiringOperation, operations: Operations, peers: Mapping[str, str]) -> bool:
    """Return True when calls fail without being slow, although the callee served all: the caller times out early."""
    callee = peers.get(suspect.operation.peer)
    if not suspect.indicator.gave_up(suspect.is_slow):
        return False
    until = suspect.alarm.seen // SECOND - APART_S
    requests = _total(suspect, operations, lambda operation: peers.get(operation.peer) == callee, until).count
    return (
        _total(suspect, operations, lambda operation: _serves(operation, callee), until).count >= SERVED * requests > 0
    )


def _was_changed(suspect: FiringOperation, callee: str, windows: Sequence[Inhibition]) -> bool:
    """Return True when the symptom began right after a deployment of the caller that left the callee alone.

    A deployment during an open incident is left out: it may be a remedy, and the symptom may have begun before it.
    """
    caller, since = suspect.operation.service, suspect.alarm.since
    incidents = [window for window in windows if window.source is Source.INCIDENT]
    return any(
        caller in window.services
        and callee not in window.services
        and window.until <= since <= window.until + AT_ONCE_NS
        and not any(incident.holds(window.since) for incident in incidents)
        for window in windows
        if window.is_work
    )


def _explained(suspect: FiringOperation, operations: Operations, peers: Mapping[str, str]) -> float:
    """Return the share (0 to 1) of the suspect's excess that the called services explain."""
    operation = suspect.operation
    if operation.kind in OWN:
        own = _total(suspect, operations, lambda candidate: _serves(candidate, operation.service))
        calls = _total(
            suspect, operations, lambda candidate: candidate.service == operation.service and bool(candidate.peer)
        )
        return _share(calls.amount, own.amount)
    callee = peers.get(operation.peer)
    served = _total(suspect, operations, lambda candidate: _serves(candidate, callee))
    return _share(served.mean, _total(suspect, operations, lambda candidate: candidate == operation).mean)


def _total(
    suspect: FiringOperation, operations: Operations, wanted: Callable[[Operation], bool], until: float = math.inf
) -> Excess:
    """Return the excess of the `wanted` operations together since the symptom began, before a Unix second."""
    watches = (watch for operation, watch in operations.watches.items() if wanted(operation))
    parts = [excess(watch, suspect.indicator, suspect.alarm.since // SECOND, until) for watch in watches]
    return Excess(sum(part.count for part in parts), sum(part.amount for part in parts))


def _serves(operation: Operation, service: str | None) -> bool:
    """Return True for an operation by which the service answers others; each request counts once."""
    return operation.service == service and operation.kind in OWN and operation.name != ALL


def excess(watch: OperationWatch, indicator: Indicator, since: int, until: float = math.inf) -> Excess:
    """Return an operation's excess over its baseline in the Unix seconds [since, until); 0 while it is learning."""
    if watch.thresholds is None:
        return Excess()
    seconds = watch.baseline.latest(since, until)
    return Excess(sum(sketch.count for sketch in seconds), indicator.excess(watch.thresholds, seconds))


def _share(part: float, whole: float) -> float:
    """Return the part's share of the whole, clipped to 0 to 1; 0 when the whole is not positive."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
