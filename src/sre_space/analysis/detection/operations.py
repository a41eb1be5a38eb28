"""Latency and error alarms of every operation of the application's services, from sketches.

The Scout that owns `sre_signals` calls `add` for each frame, `evaluate` a few times a second, and reads `suspects`. A
second is evaluated once, when it is over and its spans have had time to arrive, in the order of event time. All
requests to a service are also watched together, to detect what happens to a small share of each operation.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.analysis.detection.baseline import MAX_QUARANTINE_S, QUARANTINE_S, Baseline
from sre_space.analysis.detection.errors import Errors
from sre_space.analysis.detection.indicators import Indicator
from sre_space.analysis.detection.inhibition import Inhibition, inhibitions_of
from sre_space.analysis.detection.latency import Latency
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
RENEW_EVERY_S = 10  # baselines move slowly
ALL, OTHER = "all requests", "(other operations)"
DEMAND_S = 5  # seconds over which the demand is counted
NO_REQUEST = "no request was received yet"
REPORTED_S = 10  # seconds of the newest requests in a report
LATENCY, ERRORS = Latency(), Errors()
INDICATORS: tuple[Indicator, ...] = (LATENCY, ERRORS)
AHEAD_S = 5  # a span that ends later than this from now has a wrong clock


@dataclass
class OperationWatch:
    """One operation: the seconds that are not evaluated yet, its baseline and its two alarms.

    `evaluated_since` is when this process evaluated a second for the first time (Unix ns); 0 before.
    """

    operation: Operation
    first_heard: dict[int, int] = field(default_factory=dict)
    open: dict[int, Sketch] = field(default_factory=dict)
    baseline: Baseline = field(default_factory=Baseline)
    alarms: dict[SymptomKind, ShareAlarm] = field(
        default_factory=lambda: {indicator.kind: ShareAlarm() for indicator in INDICATORS}
    )
    counts: dict[int, int] = field(default_factory=dict)
    thresholds: Thresholds | None = None
    slow_bucket: int = 0
    renewed_at: int = 0
    evaluated_since: int = 0

    def add(self, second: int, sketch: Sketch, now: int) -> None:
        """Add a sketch to a second; spans that arrive after the evaluation of their second only join its quarantine."""
        if second in self.baseline.waiting:
            self.baseline.offer(second, sketch)
            return
        self.first_heard.setdefault(second, now)
        self.open.setdefault(second, Sketch()).merge(sketch)

    def evaluate(self, now: int, windows: Sequence[Inhibition]) -> None:
        """Evaluate the seconds that are complete, then learn the old and healthy ones outside of all inhibitions."""
        for second in sorted(self.open):
            if now >= max((second + 1) * SECOND, self.first_heard[second]) + SETTLE_NS:
                del self.first_heard[second]
                self._evaluate_second(second, self.open.pop(second), windows, now)
        self._learn(now // SECOND, windows)

    def _evaluate_second(self, second: int, sketch: Sketch, windows: Sequence[Inhibition], now: int) -> None:
        begin, end = second * SECOND, (second + 1) * SECOND
        self._close_windows(begin, windows)
        planned = any(window.holds(begin) and window.is_work for window in windows)
        demand = self._demand(second, sketch.count)
        if self.thresholds and not planned:
            self.evaluated_since = self.evaluated_since or now
            self.slow_bucket = self.thresholds.slow_under(demand, DEMAND_S)
            for indicator in INDICATORS:
                bad, limit = indicator.bad(sketch, self.slow_bucket), indicator.tolerated(self.thresholds)
                self.alarms[indicator.kind].update(begin, end, sketch.count, bad, limit)
        self.baseline.offer(second, sketch)

    def _demand(self, second: int, count: int) -> int:
        """Return the number of requests in the last seconds that were evaluated, including this one."""
        self.counts[second] = count
        self.counts = {at: number for at, number in self.counts.items() if at > second - DEMAND_S}
        return sum(self.counts.values())

    def _close_windows(self, begin: int, windows: Sequence[Inhibition]) -> None:
        """Reset alarms whose evidence began in an inhibition that is over: it belongs to that inhibition's case."""
        ended = max((window.until for window in windows if window.is_over(begin)), default=0)
        for alarm in self.alarms.values():
            if alarm.since and alarm.since < ended:
                alarm.forget()

    def _learn(self, second: int, windows: Sequence[Inhibition]) -> None:
        starts = [alarm.since // SECOND for alarm in self.alarms.values() if alarm.since]
        changed = self.baseline.learn(
            min([second - QUARANTINE_S, *starts]),
            lambda at: not any(window.holds(at * SECOND) for window in windows),
        )
        self.baseline.drop_before(second - MAX_QUARANTINE_S)
        due = self.thresholds is None or second - self.renewed_at >= RENEW_EVERY_S
        if changed and due and self.baseline.ready:
            self.thresholds, self.renewed_at = thresholds_of(self.baseline), second

    def recent(self, now: int) -> list[Sketch]:
        """Return the sketches of the ten whole seconds before a Unix ns, evaluated or not."""
        since, until = now // SECOND - REPORTED_S, now // SECOND
        seconds = (*self.baseline.waiting.items(), *self.open.items())
        return [sketch for second, sketch in seconds if since <= second < until]

    def reports(self, now: int) -> list[DetectorReport]:
        """Return the reports of the operation's two detectors at a Unix ns."""
        thresholds, sketches = self.thresholds, self.recent(now)
        if thresholds is None:
            until = self.baseline.ready_at(now // SECOND) * SECOND
            return [replace(self._named(kind), why=self.baseline.learnt, until=until) for kind in self.alarms]
        slow, count = self.slow_bucket or thresholds.slow, sum(sketch.count for sketch in sketches)
        reports = (
            replace(
                self._named(indicator.kind),
                value=_share(sum(indicator.bad(sketch, slow) for sketch in sketches), count),
                threshold=round(indicator.tolerated(thresholds), 4),
                baseline=round(indicator.usual(thresholds), 4),
                why=indicator.note(thresholds, middle_of(slow)),
            )
            for indicator in INDICATORS
        )
        return [self._with_state(report, now) for report in reports]

    def _named(self, kind: SymptomKind) -> DetectorReport:
        return DetectorReport(kind, self.operation.service, DetectorState.LEARNING, self.operation.label)

    def _with_state(self, report: DetectorReport, now: int) -> DetectorReport:
        """Return the report with the state of its alarm, which fires on its own count of tries."""
        alarm = self.alarms[report.kind]
        if alarm.stands(now):
            value, limit = round(alarm.share, 4), round(alarm.tolerated, 4)
            return replace(report, state=DetectorState.FIRING, value=value, threshold=limit, since=alarm.since)
        newest = max(alarm.seen, (max(self.baseline.waiting, default=-1) + 1) * SECOND)
        if now - newest > SILENCE_NS:
            why = f"no request for {(now - newest) // SECOND} s" if newest else NO_REQUEST
            return replace(report, state=DetectorState.UNKNOWN, value=None, since=newest, why=why)
        return replace(report, state=DetectorState.OK)


def _share(part: int, whole: int) -> float | None:
    """Return the part's share of the whole, 0 to 1; None when the whole is 0."""
    return round(part / whole, 4) if whole else None


@dataclass(frozen=True)
class FiringOperation:
    """An operation whose alarm fires: its alarm, thresholds, newest sketches, and the ns above which it is slow now.

    `is_slow`: its latency alarm has evidence too.
    """

    operation: Operation
    indicator: Indicator
    alarm: ShareAlarm
    thresholds: Thresholds
    slow_from: float
    latest: list[Sketch]
    is_slow: bool

    @property
    def kind(self) -> SymptomKind:
        """Return the kind of the symptom."""
        return self.indicator.kind


@dataclass
class Operations:
    """All operations of the configured services; others are not evaluated. `calls` is the dependency graph."""

    calls: Calls
    watches: dict[Operation, OperationWatch] = field(default_factory=dict)

    def add(self, sketches: Mapping[tuple[Operation, int], Sketch], now: int) -> None:
        """Add the sketches of a frame; `now` (Unix ns) is the frame's own time when stored telemetry is read back."""
        for (operation, second), sketch in sketches.items():
            in_time = -MAX_QUARANTINE_S < second - now // SECOND <= AHEAD_S
            if operation.service in self.calls and in_time:
                self._watch(operation).add(second, sketch, now)
                if operation.kind is SpanKind.SERVER:
                    self._watch(Operation(operation.service, operation.kind, ALL)).add(second, sketch, now)

    def _watch(self, operation: Operation) -> OperationWatch:
        if operation not in self.watches and self._crowded(operation.service):
            operation = Operation(operation.service, operation.kind, ALL if operation.name == ALL else OTHER)
        if operation not in self.watches:
            self.watches[operation] = OperationWatch(operation)
        return self.watches[operation]

    def _crowded(self, service: str) -> bool:
        """Return True when the service has as many operations as are watched separately."""
        return sum(operation.service == service for operation in self.watches) >= MAX_OPERATIONS

    def evaluate(self, now: int, windows: Sequence[Inhibition] = ()) -> None:
        """Evaluate every complete second, at a Unix ns; pass each inhibition until ten minutes after its end."""
        inhibitions = {service: inhibitions_of(windows, service, self.calls) for service in self.calls}
        for watch in self.watches.values():
            watch.evaluate(now, inhibitions[watch.operation.service])

    def served_at(self, service: str) -> int:
        """Return the beginning of the newest second in which a service served requests (Unix ns); 0 for none."""
        watch = self.watches.get(Operation(service, SpanKind.SERVER, ALL))
        seconds = (*watch.baseline.waiting, *watch.open) if watch else ()
        return max(seconds, default=0) * SECOND

    def suspects(self, now: int) -> Iterator[FiringOperation]:
        """Yield the operations whose alarms fire at a Unix ns."""
        for watch in self.watches.values():
            for indicator in INDICATORS:
                alarm, is_slow = watch.alarms[indicator.kind], watch.alarms[LATENCY.kind].since > 0
                if alarm.stands(now) and watch.thresholds:
                    slow_from, latest = middle_of(watch.slow_bucket), watch.baseline.latest(alarm.since // SECOND)
                    yield FiringOperation(
                        watch.operation, indicator, alarm, watch.thresholds, slow_from, latest, is_slow
                    )

    def reports(self, now: int) -> Iterator[tuple[tuple[SymptomKind, Operation], DetectorReport]]:
        """Yield each detector's report at a Unix ns; a service without any request has two reports as well."""
        for watch in self.watches.values():
            yield from (((report.kind, watch.operation), report) for report in watch.reports(now))
        for service in self.calls:
            requests = Operation(service, SpanKind.SERVER, ALL)
            if requests not in self.watches:
                for indicator in INDICATORS:
                    unknown = DetectorReport(indicator.kind, service, DetectorState.UNKNOWN, requests.label)
                    yield (indicator.kind, requests), replace(unknown, why=NO_REQUEST)
