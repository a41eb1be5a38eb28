"""Conversion: the share of customers who asked and then bought. Two alarms, on a floor and on the usual share.

The test is that of `sequential_test.py` on customers who did not buy: a betting test for a change, valid at every look
(mSPRT: Johari, Koomen, Pekelis and Walsh, Operations Research 2022; betting: Waudby-Smith and Ramdas, JRSS B 2024).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from sre_space.analysis.detection.baseline import MAX_QUARANTINE_S, QUARANTINE_S, Baseline
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.cohorts import SECOND, Cohort
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.share_alarm import SILENCE_NS, ShareAlarm
from sre_space.analysis.statistics.share_bounds import tolerated
from sre_space.analysis.statistics.sketch import Durations, Sketch
from sre_space.domain.detectors import DetectorReport, DetectorState
from sre_space.domain.intervals import usual_range
from sre_space.domain.symptoms import Symptom, SymptomKind

FLOOR = 0.5
PATIENCE_NS = 6 * SECOND  # for a culprit's alarm: most of it has passed when a cohort is decided
MIN_LOST = EXTRA_LOST = 0.1  # of the customers who asked: the smallest drop worth an incident


class Known(StrEnum):
    """What is known of the conversion now."""

    UNKNOWN = "unknown"
    LEARNING = "learning"
    USUAL = "usual"
    LOW = "low"


@dataclass
class Conversion:
    """The detector of one journey's conversion. Feed it decided cohorts in order.

    `evaluated_since` is the end of the first cohort that this process evaluated (Unix ns); 0 before. `in_incident`: an
    incident of this detector is open, so that its alarms go on in the inhibition that the incident is. `recalled`: the
    incident says what was tolerated, until that is learnt.
    """

    journey: str
    floor: float = FLOOR
    under_floor: ShareAlarm = field(default_factory=ShareAlarm)
    under_usual: ShareAlarm = field(default_factory=ShareAlarm)
    baseline: Baseline = field(default_factory=Baseline)
    lost_tolerated: float = 1.0
    newest: int = 0
    evaluated_since: int = 0
    in_incident: bool = False
    recalled: bool = False

    @property
    def has_usual(self) -> bool:
        """Return True when it is known which share is usual."""
        return self.baseline.ready or self.recalled

    def recall(self, limits: Sequence[float]) -> None:
        """Take the limits (shares of those who buy, 0 to 1) over from the open incidents of this detector."""
        self.in_incident = bool(limits)
        over_floor = [limit for limit in limits if limit > self.floor]
        if over_floor and not self.baseline.ready:
            self.lost_tolerated, self.recalled = 1 - max(over_floor), True

    def evaluate(self, cohorts: Iterable[Cohort], windows: Sequence[Inhibition] = ()) -> None:
        """Evaluate decided cohorts and learn them.

        Cohorts inside an inhibition are not learnt, and evaluated only to detect the end of a firing alarm; those in a
        hold are evaluated as ever.
        """
        for cohort in cohorts:
            begin, end, lost = cohort.second * SECOND, (cohort.second + 1) * SECOND, cohort.asked - cohort.bought
            self.newest = end
            inhibited = any(window.holds(begin) and not window.is_hold for window in windows)
            if not inhibited:
                self._close_windows(begin, windows)
            tested = not inhibited or self.in_incident
            self.evaluated_since = self.evaluated_since or (end if tested else 0)
            if tested or self.under_floor.firing:
                self.under_floor.update(begin, end, cohort.asked, lost, 1 - self.floor)
            if self.has_usual and (tested or self.under_usual.firing):
                self.under_usual.update(begin, end, cohort.asked, lost, self.lost_tolerated)
            if inhibited:
                continue
            self.baseline.offer(cohort.second, Sketch(Durations(cohort.asked), errors=lost))
            self._learn(cohort.second, windows)

    def _close_windows(self, begin: int, windows: Sequence[Inhibition]) -> None:
        """Reset the alarms whose evidence began before an inhibition that is over at `begin` (Unix ns)."""
        for alarm in (self.under_floor, self.under_usual):
            if any(0 < alarm.since < window.until and window.is_over(begin) for window in windows):
                alarm.forget()

    def _learn(self, second: int, windows: Sequence[Inhibition]) -> None:
        """Learn the cohorts that left quarantine, without those of holds, and renew the tolerated share of the lost."""
        starts = [alarm.since // SECOND for alarm in (self.under_floor, self.under_usual) if alarm.since]
        holds = [window for window in windows if window.is_hold]
        learnt = self.baseline.learn(
            min([second - QUARANTINE_S, *starts]), lambda at: not any(hold.holds(at * SECOND) for hold in holds)
        )
        if learnt and (self.baseline.ready or not self.recalled):
            counted = self.baseline.usual.count
            self.lost_tolerated = tolerated(self.baseline.errors, counted, MIN_LOST, EXTRA_LOST)
        self.baseline.drop_before(second - MAX_QUARANTINE_S)

    def known(self, now: int) -> Known:
        """Return what is known of the conversion at a Unix ns."""
        if now - self.newest > SILENCE_NS:
            return Known.UNKNOWN
        if self.under_floor.stands(now) or self.under_usual.stands(now):
            return Known.LOW
        return Known.USUAL if self.baseline.ready else Known.LEARNING

    def report(self, now: int) -> DetectorReport:
        """Return the detector's report at a Unix ns: the recent conversion (0 to 1) against its threshold."""
        recent = self.baseline.latest(now // SECOND - QUARANTINE_S)
        asked, lost = sum(sketch.count for sketch in recent), sum(sketch.errors for sketch in recent)
        usual = self.baseline.usual.count if self.baseline.ready else 0
        baseline = round(1 - self.baseline.errors / usual, 4) if usual else None
        low, high = usual_range(baseline, asked) if baseline is not None and asked else (None, None)
        report = DetectorReport(
            SymptomKind.CONVERSION,
            self.journey,
            DetectorState.OK,
            value=round(1 - lost / asked, 4) if asked else None,
            threshold=round(max(self.floor, 1 - self.lost_tolerated), 4) if usual else self.floor,
            baseline=baseline,
            usual_low=low,
            usual_high=high,
        )
        match self.known(now):
            case Known.LOW:
                symptom = self.findings(now)[0].symptom
                value, limit, since = symptom.value, symptom.limit, symptom.since
                return replace(report, state=DetectorState.FIRING, value=value, threshold=limit, since=since)
            case Known.UNKNOWN:
                why = (
                    f"no customer has asked for {(now - self.newest) // SECOND} s"
                    if self.newest
                    else "no customer has asked yet"
                )
                return replace(report, state=DetectorState.UNKNOWN, value=None, since=self.newest, why=why)
            case Known.LEARNING:
                until = self.baseline.ready_at(now // SECOND) * SECOND
                why = f"{self.baseline.learnt}; meanwhile the floor counts"
                return replace(report, state=DetectorState.LEARNING, why=why, until=until)
            case Known.USUAL:
                return report

    def findings(self, now: int) -> list[FiredAlarm]:
        """Return the alarm that fired first and still fires at a Unix ns, if any; a second one is no new alarm."""
        alarms = ((self.under_floor, "the floor"), (self.under_usual, "what is usual"))
        firing = sorted((alarm for alarm in alarms if alarm[0].stands(now)), key=lambda alarm: alarm[0].fired_at)
        return [self._finding(*alarm) for alarm in firing[:1]]

    def _finding(self, alarm: ShareAlarm, than: str) -> FiredAlarm:
        bought = alarm.count - alarm.bad
        detail = f"{bought} of {alarm.count} who asked bought, less than {than}, {1 - alarm.tolerated:.0%}"
        share, limit = round(1 - alarm.share, 4), round(1 - alarm.tolerated, 4)
        symptom = Symptom(SymptomKind.CONVERSION, self.journey, detail, share, limit, alarm.since)
        return FiredAlarm(symptom, fired=alarm.fired_at, journey=True, patience=PATIENCE_NS)
