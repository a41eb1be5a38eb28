"""Whether a resource will run out: its level against the limit, and the time until its trend meets the limit.

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
UNSEEN_NS = 5 * SECOND  # a gap without samples: whether a level lasted through it is unknown
SPANS = (10, 30, 120)  # samples: 5, 15 and 60 s; short for a resource that fills fast, long for a slow one
FULL = 0.9  # a level that fires when it lasts, whatever its trend
HALF = 0.5  # below it a trend fires only when the limit is met within AT_ONCE_S
RISE = 0.05  # of the limit, within the span and over the previous high: the smallest rise that is a trend
HORIZON_S = 120.0  # the limit must be met within this time, at the latest
AT_ONCE_S = 30.0  # the same below HALF: twice the time of a restart and its verification (docs/benchmarks.md)
WARM_UP_NS = 20 * SECOND  # a process grows after its start
CLEAR_NS = 10 * SECOND
BLOCK_NS, BLOCKS = 3600 * SECOND, 24  # remembered highs: one a block, a day of them


@dataclass(frozen=True)
class Resource:
    """A resource that may run out.

    `lasting_ns`: how long near the limit is too long; `trends` is False for one that may be used up, such as CPU.
    """

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
        """Return True from the alarm until neither reason held for ten seconds, or the process was replaced."""
        return self.fired_at > 0

    def restart(self, at: int) -> None:
        """Reset the detector for a new process at a Unix ns; the highs of the last day stay."""
        self.samples.clear()
        self.started, self.full_since, self.since, self.fired_at, self.trend = at, 0, 0, 0, None

    def update(self, at: int, value: float) -> None:
        """Add one sample in the unit of the limit; samples more frequent than two a second are dropped."""
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
        """Remember a level that left the longest span without an alarm as one that is normal for this process."""
        if len(self.samples) == max(SPANS) and not self.firing:
            at, level = self.samples[0]
            number = at // BLOCK_NS
            self.highs[number] = max(level, self.highs.get(number, 0.0))
            if len(self.highs) > BLOCKS:
                del self.highs[min(self.highs)]

    def _trends(self, at: int, level: float) -> bool:
        """Return True when the level is a new high and its trend meets the limit soon."""
        is_new_high = level >= max(self.highs.values(), default=0.0) + RISE
        if not is_new_high or not self.resource.trends or at - self.started < WARM_UP_NS:
            return False
        warm_samples = [sample for sample in self.samples if sample[0] >= self.started + WARM_UP_NS]
        within_s = HORIZON_S if level >= HALF else AT_ONCE_S
        return any(self._meets_limit(warm_samples[-span:], within_s) for span in SPANS if len(warm_samples) >= span)

    def _meets_limit(self, samples: list[tuple[int, float]], within_s: float) -> bool:
        """Return True when the samples meet the limit within so many seconds at the latest; keep their trend."""
        begin = samples[0][0]
        if samples[-1][1] - samples[0][1] < RISE:
            return False
        trend = trend_of([(at - begin) / SECOND for at, _ in samples], [level for _, level in samples])
        if trend.seconds_left[2] > within_s:
            return False
        self.trend, self.since = trend, self.since or begin
        return True

    def _decide(self, at: int, bad: bool) -> None:
        """Set or clear the alarm after a sample."""
        if bad:
            self.bad_at = at
            self.fired_at = self.fired_at or at
            self.since = self.since or self.full_since
        elif not self.firing or at - self.bad_at >= CLEAR_NS:
            self.fired_at = self.since = 0
            self.trend = None

    def report(self, now: int) -> DetectorReport:
        """Return the detector's report at a Unix ns: level against limit; the baseline is the day's highest level."""
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
        """Return the state, since when (Unix ns), why, and until when (Unix ns, 0 unknown)."""
        if self.firing:
            return DetectorState.FIRING, self.since, "", 0
        newest = self.samples[-1][0] if self.samples else self.started
        if now - newest > UNSEEN_NS:
            return DetectorState.UNKNOWN, newest, f"no sample for {(now - newest) // SECOND} s", 0
        if self.resource.trends and now - self.started < WARM_UP_NS:
            why = "the process has just started: only a level at its limit counts"
            return DetectorState.LEARNING, self.started, why, self.started + WARM_UP_NS
        return DetectorState.OK, 0, "", 0

    def findings(self) -> list[FiredAlarm]:
        """Return the alarm, if it fires."""
        if not self.firing:
            return []
        level = self.samples[-1][1]
        detail = f"{self.resource.name} is at {level:.0%} of its limit"
        if self.trend:
            early, likely, late = self.trend.seconds_left
            detail += f", which it meets in {likely:.0f} s ({early:.0f} to {late:.0f} s at 99 %)"
        service, resource = self.resource.service, self.resource.name
        detector = SymptomKind.SATURATION.of(service, resource)
        symptom = Symptom(SymptomKind.SATURATION, service, detail, round(level, 4), FULL, self.since, detector)
        return [FiredAlarm(symptom, operation=resource, fired=self.fired_at)]
