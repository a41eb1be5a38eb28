"""The holds that Scout knows: what it puts off meanwhile, and what it does not learn from. Used by `detectors.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.unseen import Unseen
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.flapping import Seen, symptom_key
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.domain.dependencies import Calls
from sre_space.domain.detectors import DetectorReport, DetectorState, ReportedInhibition
from sre_space.domain.holds import ALL, Hold, blamable, held
from sre_space.domain.symptoms import Symptom

MAX_AGE_NS = 15 * 60 * 10**9  # of a hold that has ended: for as long, its telemetry may still be evaluated


@dataclass
class KnownHolds:
    """The holds as Scout last read them, and those that have ended since; `calls` is the call graph.

    While a hold lasts the detectors go on, so that what outlives it is opened at its end with its true beginning.
    `waiting` are the alarms that it puts off, `before_start` is the time of a hold in which this process did not run.
    """

    calls: Calls
    known: dict[tuple[str, int], Hold] = field(default_factory=dict)
    waiting: set[Seen] = field(default_factory=set)
    before_start: Unseen = field(default_factory=Unseen)
    taken: bool = False

    def take(self, current: Sequence[Hold], started: int, now: int) -> None:
        """Take over the holds that last at `now` (Unix ns); one that is missing was released, and ends now.

        `started` is when this process began: what another Scout saw in a hold before is unseen.
        """
        if not self.taken:
            self.before_start.add(min((hold.since for hold in current), default=0), started)
        self.taken = True
        lasting = {(hold.source, hold.since): hold for hold in current}
        ended = {key: replace(hold, until=min(hold.until, now)) for key, hold in self.known.items()}
        kept = {key: hold for key, hold in ended.items() if now - hold.until < MAX_AGE_NS}
        self.known = kept | lasting

    def put_off(self, steady: Sequence[FiredAlarm], fired: Sequence[FiredAlarm], now: int) -> Sequence[FiredAlarm]:
        """Return the `steady` alarms that a hold keeps from opening an incident at `now` (Unix ns).

        What ended in a hold opens nothing after it either: a damped alarm that has `fired` no more stays put off.
        """
        present = {symptom_key(alarm) for alarm in fired}
        found = [
            alarm for alarm in steady if self.on(alarm.symptom, now) or symptom_key(alarm) in self.waiting - present
        ]
        self.waiting = {symptom_key(alarm) for alarm in found}
        return found

    def on(self, symptom: Symptom, now: int) -> Hold | None:
        """Return the hold that a symptom may come from at `now` (Unix ns); None when there is none."""
        return held(self.known.values(), blamable(symptom.kind, symptom.service, self.calls), now)

    def ended(self, symptom: Symptom, now: int) -> int:
        """Return when the newest hold ended that a symptom may come from (Unix ns); 0 when none has for a while."""
        services = blamable(symptom.kind, symptom.service, self.calls)
        ends = (hold.until for hold in self.known.values() if hold.until <= now and hold.covers(services))
        return max(ends, default=0)

    def lasted(self, at: int) -> bool:
        """Return True when any hold lasted at the Unix ns: a journey depends on all services."""
        return any(hold.lasts(at) for hold in self.known.values())

    def windows(self) -> Sequence[Inhibition]:
        """Return the stretches from which no baseline learns."""
        return [Inhibition(hold.since, hold.until, self._services(hold)) for hold in self.known.values()]

    def shown(self, report: DetectorReport, now: int) -> DetectorReport:
        """Return a detector's report, as INHIBITED with all that it measures while a hold puts its alarms off."""
        hold = held(self.known.values(), blamable(report.kind, report.subject, self.calls), now)
        if hold is None or report.state is DetectorState.BLIND:
            return report
        why = f"a hold ({hold.source}); it is {report.state}" + (f": {report.why}" if report.why else "")
        return replace(report, state=DetectorState.INHIBITED, why=why, since=hold.since, until=hold.until)

    def reported(self, now: int) -> list[ReportedInhibition]:
        """Return the holds that last at `now` (Unix ns), for the symptom report."""
        return [
            ReportedInhibition(hold.since, hold.until, tuple(sorted(self._services(hold))), f"a hold, {hold.source}")
            for hold in self.known.values()
            if hold.lasts(now)
        ]

    def _services(self, hold: Hold) -> frozenset[str]:
        return frozenset(self.calls) if ALL in hold.services else hold.services
