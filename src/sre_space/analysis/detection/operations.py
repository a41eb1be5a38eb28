"""Latency and error alarms of every operation of the patient's services, from sketches.

The judge of `sre_signals` calls `add` for each frame, `judge` a few times a second, and reads `suspects`. A second is
judged once, when it is over and its spans have had time to arrive, in the order of event time. All requests to a
service are watched together as well, for what happens to a small share of each.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.baseline import FORGOTTEN_S, QUARANTINE_S, Baseline
from sre_space.analysis.detection.inhibition import Inhibition, touching
from sre_space.analysis.detection.share_alarm import SILENCE_NS, ShareAlarm
from sre_space.analysis.detection.thresholds import Thresholds, thresholds_of
from sre_space.analysis.statistics.sketch import Operation, Sketch, middle_of
from sre_space.domain.bounds import MAX_OPERATIONS
from sre_space.domain.dependencies import Calls
from sre_space.domain.detectors import DetectorReport, DetectorState
from sre_space.domain.symptoms import SymptomKind
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9
SETTLE_NS = 750_000_000  # after the end of a second or its first span, whichever is later: exports are <= 500 ms apart
RENEW_EVERY_S = 10  # norms move slowly
ALL, OTHER = "all requests", "(other operations)"
DEMAND_S = 5  # of which the demand is counted
NO_REQUEST = "no request was heard of"
REPORTED_S = 10  # of the newest requests, in a report
AHEAD_S = 5  # a span that ended later than this from now has a wrong clock


@dataclass
class OperationWatch:
    """One operation: seconds not judged yet, its baseline and its two alarms."""

    operation: Operation
    heard: dict[int, int] = field(default_factory=dict)
    open: dict[int, Sketch] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    alarms: dict[SymptomKind, ShareAlarm] = field(
        default_factory=lambda: {SymptomKind.LATENCY: ShareAlarm(), SymptomKind.ERROR: ShareAlarm()}
    )
    counts: dict[int, int] = field(default_factory=dict)
    thresholds: Thresholds | None = None
    bar: int = 0
    renewed: int = 0

    def add(self, second: int, sketch: Sketch, now: int) -> None:
        """More of a second; a straggler after its judgement is not judged."""
        if second in self.baseline.waiting:
            self.baseline.offer(second, sketch)
            return
        self.heard.setdefault(second, now)
        self.open.setdefault(second, Sketch()).merge(sketch)

    def judge(self, now: int, windows: Sequence[Inhibition]) -> None:
        """Judge the seconds that are complete, then learn the old and healthy ones."""
        for second in sorted(self.open):
            if now >= max((second + 1) * SECOND, self.heard[second]) + SETTLE_NS:
                del self.heard[second]
                self._judge_second(second, self.open.pop(second), windows)
        self._learn(now // SECOND, windows)

    def _judge_second(self, second: int, sketch: Sketch, windows: Sequence[Inhibition]) -> None:
        begin, end = second * SECOND, (second + 1) * SECOND
        self._close_windows(begin, windows)
        planned = any(window.holds(begin) and not window.case for window in windows)
        demand = self._demand(second, sketch.count)
        if self.thresholds and not planned:
            self.bar = self.thresholds.slow_under(demand, DEMAND_S)
            slow = sketch.durations.above(self.bar)
            latency, errors = self.alarms[SymptomKind.LATENCY], self.alarms[SymptomKind.ERROR]
            latency.update(begin, end, sketch.count, slow, self.thresholds.slow_tolerated)
            errors.update(begin, end, sketch.count, sketch.errors, self.thresholds.errors_tolerated)
        self.baseline.offer(second, sketch)

    def _demand(self, second: int, count: int) -> int:
        """Requests of the last seconds that were judged, this one with it."""
        self.counts[second] = count
        self.counts = {at: number for at, number in self.counts.items() if at > second - DEMAND_S}
        return sum(self.counts.values())

    def _close_windows(self, begin: int, windows: Sequence[Inhibition]) -> None:
        """Evidence from inside a window that is over belongs to its case, not to a new incident."""
        ended = max((window.until for window in windows if window.until <= begin), default=0)
        for alarm in self.alarms.values():
            if alarm.since and alarm.since < ended:
                alarm.forget()

    def _learn(self, second: int, windows: Sequence[Inhibition]) -> None:
        begun = [alarm.since // SECOND for alarm in self.alarms.values() if alarm.since]
        changed = self.baseline.learn(
            min([second - QUARANTINE_S, *begun]),
            lambda at: not any(window.holds(at * SECOND) for window in windows),
        )
        self.baseline.drop_before(second - FORGOTTEN_S)
        due = self.thresholds is None or second - self.renewed >= RENEW_EVERY_S
        if changed and due and self.baseline.ready:
            self.thresholds, self.renewed = thresholds_of(self.baseline), second

    def lately(self, now: int) -> list[Sketch]:
        """What it did in the ten whole seconds before a Unix ns, judged or not."""
        since, until = now // SECOND - REPORTED_S, now // SECOND
        seconds = (*self.baseline.waiting.items(), *self.open.items())
        return [sketch for second, sketch in seconds if since <= second < until]

    def reports(self, now: int) -> list[DetectorReport]:
        """Return what its two alarms say at a Unix ns."""
        thresholds, lately = self.thresholds, self.lately(now)
        if thresholds is None:
            until = self.baseline.ready_at(now // SECOND) * SECOND
            return [replace(self._named(kind), why=self.baseline.learnt, until=until) for kind in self.alarms]
        bar, count = self.bar or thresholds.slow, sum(one.count for one in lately)
        slow, failed = sum(one.durations.above(bar) for one in lately), sum(one.errors for one in lately)
        told = f"slow is over {middle_of(bar) / 1e6:.0f} ms; the usual median is {thresholds.median / 1e6:.0f} ms"
        latency = replace(self._named(SymptomKind.LATENCY), value=_share(slow, count), why=told)
        errors = replace(self._named(SymptomKind.ERROR), value=_share(failed, count))
        limits = (
            (thresholds.slow_tolerated, thresholds.slow_share),
            (thresholds.errors_tolerated, thresholds.error_share),
        )
        return [
            self._judged(replace(one, threshold=round(limit, 4), baseline=round(usual, 4)), now)
            for one, (limit, usual) in zip((latency, errors), limits, strict=True)
        ]

    def _named(self, kind: SymptomKind) -> DetectorReport:
        return DetectorReport(kind, self.operation.service, DetectorState.LEARNING, self.operation.label)

    def _judged(self, told: DetectorReport, now: int) -> DetectorReport:
        """With the state of its alarm, which fires on its own count of tries."""
        alarm = self.alarms[told.kind]
        if alarm.stands(now):
            value, limit = round(alarm.share, 4), round(alarm.tolerated, 4)
            return replace(told, state=DetectorState.FIRING, value=value, threshold=limit, since=alarm.since)
        newest = max(alarm.seen, (max(self.baseline.waiting, default=-1) + 1) * SECOND)
        if now - newest > SILENCE_NS:
            why = f"no request for {(now - newest) // SECOND} s" if newest else NO_REQUEST
            return replace(told, state=DetectorState.UNKNOWN, value=None, since=newest, why=why)
        return replace(told, state=DetectorState.OK)


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


@dataclass(frozen=True)
class FiringOperation:
    """An operation whose alarm fires, what the alarm knows, from how many ns it is slow now, its newest seconds."""

    operation: Operation
    kind: SymptomKind
    alarm: ShareAlarm
    thresholds: Thresholds
    slow_from: float
    latest: list[Sketch]


@dataclass
class Operations:
    """All operations of the services of the chart; others are not judged. `calls` is the dependency graph."""

    calls: Calls
    watches: dict[Operation, OperationWatch] = field(default_factory=dict)

    def add(self, sketches: Mapping[tuple[Operation, int], Sketch], now: int) -> None:
        """Take in the sketches of a frame; `now` is its own time when stored telemetry is read back."""
        for (operation, second), sketch in sketches.items():
            in_time = -FORGOTTEN_S < second - now // SECOND <= AHEAD_S
            if operation.service in self.calls and in_time:
                self._watch(operation).add(second, sketch, now)
                if operation.kind is SpanKind.SERVER:
                    self._watch(Operation(operation.service, operation.kind, ALL)).add(second, sketch, now)

    def _watch(self, operation: Operation) -> OperationWatch:
        if operation not in self.watches and self._crowded(operation.service):
            operation = Operation(operation.service, operation.kind, ALL if operation.name == ALL else OTHER)
        return self.watches.setdefault(operation, OperationWatch(operation))

    def _crowded(self, service: str) -> bool:
        return sum(one.service == service for one in self.watches) >= MAX_OPERATIONS

    def judge(self, now: int, windows: Sequence[Inhibition] = ()) -> None:
        """Judge every complete second. All in Unix ns; windows are to be told until ten minutes after their end."""
        excused = {service: touching(windows, service, self.calls) for service in self.calls}
        for watch in self.watches.values():
            watch.judge(now, excused[watch.operation.service])

    def suspects(self, now: int) -> Iterator[FiringOperation]:
        """The alarms that fire now (Unix ns)."""
        for watch in self.watches.values():
            for kind, alarm in watch.alarms.items():
                if alarm.stands(now) and watch.thresholds:
                    latest = watch.baseline.latest(alarm.since // SECOND)
                    yield FiringOperation(watch.operation, kind, alarm, watch.thresholds, middle_of(watch.bar), latest)

    def reports(self, now: int) -> Iterator[tuple[tuple[SymptomKind, Operation], DetectorReport]]:
        """What each detector says at a Unix ns; a service of which no request was heard has two all the same."""
        for watch in self.watches.values():
            yield from (((report.kind, watch.operation), report) for report in watch.reports(now))
        for service in self.calls:
            requests = Operation(service, SpanKind.SERVER, ALL)
            if requests not in self.watches:
                for kind in (SymptomKind.LATENCY, SymptomKind.ERROR):
                    unknown = DetectorReport(kind, service, DetectorState.UNKNOWN, requests.label)
                    yield (kind, requests), replace(unknown, why=NO_REQUEST)
