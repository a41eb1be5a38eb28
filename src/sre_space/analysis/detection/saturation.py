"""Will a resource run out? Its level against the limit, and its trend to a time to exhaustion.

Used for memory, CPU, file descriptors and queues. It fires on a level that lasts near the limit, or on a trend that
meets the limit soon even with the slowest slope that the samples allow. A trend counts only at a new high: the
saw-tooth of a garbage collector rises steeply again and again, and never leaves its range.
"""

from collections import deque
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.statistics.trend import Trend, trend_of
from sre_space.domain.detectors import DetectorReport, DetectorState
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
SPACING_NS = SECOND // 2
UNSEEN_NS = 5 * SECOND  # without a sample: nobody knows what lasted in it
SPANS = (10, 30, 120)  # samples: 5, 15 and 60 s; a short one for what fills fast, a long one for what creeps
FULL = 0.9  # a level that fires whatever its trend, when it lasts
HALF = 0.5  # below it a trend says too little, unless the rest is used up while one looks on
RISE = 0.05  # of the limit, within the span and over the old high: the smallest rise that is a trend
HORIZON_S = 120.0  # the limit must be met within this time, at the latest
AT_ONCE_S = 30.0  # the same where less than half is used: twice what restart and verdict take (docs/benchmarks.md)
WARM_UP_NS = 20 * SECOND  # after its start a process grows
CLEAR_NS = 10 * SECOND
BLOCK_NS, BLOCKS = 3600 * SECOND, 24  # of remembered highs: a day


@dataclass(frozen=True)
class Resource:
    """What may run out. `lasting_ns`: how long near the limit is too long; `trends` False for what may be used up."""

    service: str
    name: str
    limit: float
    lasting_ns: int = 3 * SECOND
    trends: bool = True


@dataclass
class Saturation:
    """The detector of one resource. Times are Unix ns, levels shares of the limit."""

    resource: Resource
    samples: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=max(SPANS)))
    highs: dict[int, float] = field(default_factory=dict)
    started: int = 0
    full_since: int = 0
    since: int = 0
    fired_at: int = 0
    bad_at: int = 0
    trend: Trend | None = None

    @property
    def firing(self) -> bool:
        """True from the alarm until neither reason held for ten seconds, or the process is a new one."""
        return self.fired_at > 0

    def restart(self, at: int) -> None:
        """A new process: what the old one did says nothing of it, but the highs stay."""
        self.samples.clear()
        self.started, self.full_since, self.since, self.fired_at, self.trend = at, 0, 0, 0, None

    def update(self, at: int, value: float) -> None:
        """Take in one sample in the unit of the limit; more than two a second are thinned out."""
        if self.samples and at - self.samples[-1][0] < SPACING_NS:
            return
        self.started = self.started or at
        if self.samples and at - self.samples[-1][0] > UNSEEN_NS:
            self.full_since = 0
        level = value / self.resource.limit
        self._remember_high()
        self.samples.append((at, level))
        if level < FULL:
            self.full_since = 0
        else:
            self.full_since = self.full_since or at
        lasting = self.full_since > 0 and at - self.full_since >= self.resource.lasting_ns
        self._decide(at, lasting or self._trends(at, level))

    def _remember_high(self) -> None:
        """What leaves the longest span unsuspected is a level that this process may have."""
        if len(self.samples) == max(SPANS) and not self.firing:
            at, level = self.samples[0]
            number = at // BLOCK_NS
            self.highs[number] = max(level, self.highs.get(number, 0.0))
            if len(self.highs) > BLOCKS:
                del self.highs[min(self.highs)]

    def _trends(self, at: int, level: float) -> bool:
        news = level >= max(self.highs.values(), default=0.0) + RISE
        if not news or not self.resource.trends or at - self.started < WARM_UP_NS:
            return False
        grown = [sample for sample in self.samples if sample[0] >= self.started + WARM_UP_NS]
        within_s = HORIZON_S if level >= HALF else AT_ONCE_S
        return any(self._meets_limit(grown[-span:], within_s) for span in SPANS if len(grown) >= span)

    def _meets_limit(self, samples: list[tuple[int, float]], within_s: float) -> bool:
        begin = samples[0][0]
        if samples[-1][1] - samples[0][1] < RISE:
            return False
        trend = trend_of([(at - begin) / SECOND for at, _ in samples], [level for _, level in samples])
        if trend.seconds_left[2] > within_s:
            return False
        self.trend, self.since = trend, self.since or begin
        return True

    def _decide(self, at: int, bad: bool) -> None:
        if bad:
            self.bad_at = at
            self.fired_at = self.fired_at or at
            self.since = self.since or self.full_since
        elif not self.firing or at - self.bad_at >= CLEAR_NS:
            self.fired_at = self.since = 0
            self.trend = None

    def report(self, now: int) -> DetectorReport:
        """Return its level at a Unix ns against the limit; the baseline is the highest level of the last day."""
        state, since, why, until = self._state(now)
        seen = bool(self.samples) and now - self.samples[-1][0] <= UNSEEN_NS
        return DetectorReport(
            SymptomKind.SATURATION,
            self.resource.service,
            state,
            self.resource.name,
            since=since,
            value=round(self.samples[-1][1], 4) if seen else None,
            threshold=FULL,
            baseline=round(max(self.highs.values()), 4) if self.highs else None,
            why=why,
            until=until,
        )

    def _state(self, now: int) -> tuple[DetectorState, int, str, int]:
        """The state, since when, why, and until when."""
        if self.firing:
            return DetectorState.FIRING, self.since, "", 0
        newest = self.samples[-1][0] if self.samples else self.started
        if now - newest > UNSEEN_NS:
            return DetectorState.UNKNOWN, newest, f"no sample for {(now - newest) // SECOND} s", 0
        if self.resource.trends and now - self.started < WARM_UP_NS:
            why = "the process has just begun: only a level at its limit counts"
            return DetectorState.LEARNING, self.started, why, self.started + WARM_UP_NS
        return DetectorState.OK, 0, "", 0

    def findings(self) -> list[FiredAlarm]:
        """At most one."""
        if not self.firing:
            return []
        level = self.samples[-1][1]
        detail = f"{self.resource.name} is at {level:.0%} of its limit"
        if self.trend:
            early, likely, late = self.trend.seconds_left
            detail += f", which it meets in {likely:.0f} s ({early:.0f} to {late:.0f} s at 99 %)"
        symptom = Symptom(SymptomKind.SATURATION, self.resource.service, detail, round(level, 4), FULL, self.since)
        return [FiredAlarm(symptom, operation=self.resource.name, fired=self.fired_at)]
