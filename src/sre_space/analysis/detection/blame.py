"""Victim or culprit: how much of what went wrong at an operation is explained by what it called.

Excess is what there was over the baseline: nanoseconds for latency, failures for errors. The excess of a service's
own requests that its calls to others had as well is theirs; the excess of a call that the callee's own spans had as
well is the callee's, and what is left of a call is the way between the two. Calls that fail and are not slow, at a
callee that served them all, are the caller's own: it gave up. Sums, not joined traces, so it needs nothing that
sketches of split partitions do not hold. Statements on the own database count as the service itself.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sre_space.analysis.detection.inhibition import AT_ONCE_NS, Inhibition
from sre_space.analysis.detection.operations import ALL, SECOND, FiringOperation, Operations, OperationWatch
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.domain.telemetry import SpanKind

EXPLAINED = 0.5  # of the excess: from here on an operation is a victim
SERVED = 0.9  # of what was asked: nearly all, since a second's end cuts calls in two
APART_S = 2  # the newest seconds of a call, in which the callee's spans may not have come: they are exported apart
OWN = (SpanKind.SERVER, SpanKind.CONSUMER)


@dataclass(frozen=True)
class FiredAlarm:
    """A symptom with what correlation needs to know. `callee` and `caller` are set for a call to another service.

    `explained` is the share of the excess that comes from further down, 0 to 1; `fired` in Unix ns.
    A journey's finding has the journey's name as its service and `journey` set. `watched` is whose spans tell of it:
    whom they accuse may change while the symptom is one and the same.
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

    @property
    def accuses(self) -> bool:
        """True when the service is accused on its own evidence."""
        return not self.journey and self.explained < EXPLAINED


@dataclass(frozen=True)
class Excess:
    """Over the baseline, summed over `count` requests."""

    count: int = 0
    amount: float = 0.0

    @property
    def mean(self) -> float:
        """For each request."""
        return self.amount / self.count if self.count else 0.0


def findings(
    operations: Operations, peers: Mapping[str, str], now: int, windows: Sequence[Inhibition] = ()
) -> list[FiredAlarm]:
    """The alarms that fire now (Unix ns), each with the share that is explained from further down.

    `peers` maps `host:port` to the service behind it; what it does not name is called by its address. `windows` are the
    deployments among other announced time.
    """
    return [_finding(suspect, operations, peers, windows) for suspect in operations.suspects(now)]


def _finding(
    suspect: FiringOperation, operations: Operations, peers: Mapping[str, str], windows: Sequence[Inhibition]
) -> FiredAlarm:
    operation, alarm = suspect.operation, suspect.alarm
    callee, explained = peers.get(operation.peer, operation.peer), _explained(suspect, operations, peers)
    far = callee in operations.calls and explained < EXPLAINED  # its caller is the victim of the way there
    if far and (_gave_up(suspect, operations, peers) or _was_changed(suspect, callee, windows)):
        far, callee = False, ""
    return FiredAlarm(
        symptom=Symptom(
            suspect.kind,
            callee if far else operation.service,
            _told(suspect),
            round(alarm.share, 4),
            round(alarm.tolerated, 4),
            alarm.since,
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
    seen = Sketch()
    for sketch in suspect.latest:
        seen.merge(sketch)
    worst = seen.failed if suspect.kind is SymptomKind.ERROR else seen.slowest
    return tuple(exemplar.trace_id.hex() for exemplar in worst)


def _told(suspect: FiringOperation) -> str:
    name, alarm, thresholds = suspect.operation.name, suspect.alarm, suspect.thresholds
    if suspect.kind is SymptomKind.ERROR:
        return f"{alarm.bad} of {alarm.count} failed at `{name}`, usually {thresholds.error_share:.2%}"
    slower = f"{alarm.bad} of {alarm.count} at `{name}` took over {suspect.slow_from / 1e6:.0f} ms"
    return f"{slower}; the usual median is {thresholds.median / 1e6:.0f} ms"


def _gave_up(suspect: FiringOperation, operations: Operations, peers: Mapping[str, str]) -> bool:
    """True when calls fail that are not slow, to a service that served all that it was asked: who asks is hasty."""
    operation = suspect.operation
    callee, slow = peers.get(operation.peer), operations.watches[operation].alarms[SymptomKind.LATENCY]
    if suspect.kind is not SymptomKind.ERROR or slow.since:
        return False
    until = suspect.alarm.seen // SECOND - APART_S
    asked = _total(suspect, operations, lambda one: peers.get(one.peer) == callee, until).count
    return _total(suspect, operations, lambda one: _serves(one, callee), until).count >= SERVED * asked > 0


def _was_changed(suspect: FiringOperation, callee: str, windows: Sequence[Inhibition]) -> bool:
    """True when it began right after a deployment of the caller that left the callee alone.

    What is deployed while an incident is open may be its remedy: then what goes on after it went on before.
    """
    caller, since = suspect.operation.service, suspect.alarm.since
    ill = [one for one in windows if one.case]
    return any(
        caller in one.services
        and callee not in one.services
        and one.until <= since <= one.until + AT_ONCE_NS
        and not any(incident.holds(one.since) for incident in ill)
        for one in windows
        if not one.case
    )


def _explained(suspect: FiringOperation, operations: Operations, peers: Mapping[str, str]) -> float:
    operation = suspect.operation
    if operation.kind in OWN:
        own = _total(suspect, operations, lambda one: _serves(one, operation.service))
        calls = _total(suspect, operations, lambda one: one.service == operation.service and bool(one.peer))
        return _share(calls.amount, own.amount)
    callee = peers.get(operation.peer)
    there = _total(suspect, operations, lambda one: _serves(one, callee))
    return _share(there.mean, _total(suspect, operations, lambda one: one == operation).mean)


def _total(
    suspect: FiringOperation, operations: Operations, wanted: Callable[[Operation], bool], until: float = math.inf
) -> Excess:
    """What some operations had together since the suspect's symptom began, before a Unix second."""
    watches = (watch for one, watch in operations.watches.items() if wanted(one))
    parts = [excess(watch, suspect.kind, suspect.alarm.since // SECOND, until) for watch in watches]
    return Excess(sum(one.count for one in parts), sum(one.amount for one in parts))


def _serves(operation: Operation, service: str | None) -> bool:
    """An operation that others ask of the service; each request counts once."""
    return operation.service == service and operation.kind in OWN and operation.name != ALL


def excess(watch: OperationWatch, kind: SymptomKind, since: int, until: float = math.inf) -> Excess:
    """What one operation had over its baseline in the Unix seconds [since, until); none while it is learning."""
    if watch.thresholds is None:
        return Excess()
    seconds = watch.baseline.latest(since, until)
    count = sum(one.count for one in seconds)
    if kind is SymptomKind.ERROR:
        return Excess(count, sum(one.errors for one in seconds) - watch.thresholds.error_share * count)
    return Excess(count, sum(one.durations.total for one in seconds) - watch.thresholds.mean * count)


def _share(part: float, whole: float) -> float:
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0
