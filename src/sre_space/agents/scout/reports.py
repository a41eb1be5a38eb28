"""Scout's report of all its detectors: the topic `sre_sightings`, `status`, the metrics and incident snapshots show it.

Each detector reports its own state (`report`). What only Scout knows is added here, for all in the same way: that
telemetry is stale, which work inhibits them, and that a symptom which went away may come back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.detector import Detector, Row
from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.journey_indicators import spent
from sre_space.analysis.detection.inhibition import EVERYTHING, STILL_OPEN, Inhibition, applying
from sre_space.domain.detectors import (
    DetectorReport,
    DetectorsReport,
    DetectorState,
    ReportedInhibition,
    VerificationReport,
    by_urgency,
)
from sre_space.domain.symptoms import SymptomKind

VERIFYING_NS = 5 * 10**9  # Scout evaluates an incident that it verifies several times a second
MAX_VERIFYING = 10


@dataclass
class DetectorReports:
    """Collects all reports; `begun` is since when each detector has been in its state, as far as seen (Unix ns)."""

    detectors: Detectors
    begun: dict[tuple[SymptomKind, str, str], tuple[DetectorState, int]] = field(default_factory=dict)

    def at(self, now: int) -> DetectorsReport:
        """Return the report of all detectors at `now` (Unix ns), the most urgent first."""
        rows = ((detector, row) for detector in self.detectors.kinds.values() for row in detector.rows(now))
        reports = [self._dated(self._report(detector, row, now), now) for detector, row in rows]
        self.begun = {report.identity: (report.state, report.since) for report in reports}
        current = self.detectors.inhibitions.current(now)
        return DetectorsReport(
            now,
            tuple(sorted(reports, key=by_urgency)),
            tuple(map(_inhibition, sorted(current, key=lambda inhibition: inhibition.since))),
            {name: round(share, 4) for name, share in spent(self.detectors.journeys, now).items()},
            verifying=self._verifying(now),
        )

    def _verifying(self, now: int) -> tuple[VerificationReport, ...]:
        """Return what is being verified at `now`; a verification that is over is forgotten."""
        verifying = self.detectors.verifying
        for incident in [incident for incident, (at, _) in verifying.items() if now - at > VERIFYING_NS]:
            del verifying[incident]
        return tuple(progress for _, progress in verifying.values())[:MAX_VERIFYING]

    def _dated(self, report: DetectorReport, now: int) -> DetectorReport:
        state, since = self.begun.get(report.identity, (None, 0))
        return report if report.since else replace(report, since=since if state is report.state else now)

    def _report(self, detector: Detector, row: Row, now: int) -> DetectorReport:
        """Return the report with what only Scout knows; BLIND for a detector whose telemetry is stale.

        An incident inhibits no detector of a service, because what they find joins it; it inhibits those of a journey.
        """
        telemetry, current = self.detectors.telemetry, self.detectors.inhibitions.current(now)
        if telemetry.blind and detector.needs_telemetry:
            return replace(row[1], state=DetectorState.BLIND, why=telemetry.reason, since=telemetry.since)
        scope = detector.scope(row[1].subject)
        journeys = scope is EVERYTHING
        inhibiting = [one for one in applying(current, scope) if one.is_work or (journeys and not one.is_hold)]
        report = _inhibited(self._held(row, now), inhibiting)
        hold = self.detectors.inhibitions.held(scope, now)
        return _on_hold(report, hold) if hold else report

    def _held(self, row: Row, now: int) -> DetectorReport:
        """Return the report with the blamed service; an alarm that ceased too recently to be over is still FIRING."""
        (seen, report), damping = row, self.detectors.damping
        newest, state = damping.newest.get(seen), damping.states.get(seen)
        if newest is None or state is None or not state.there:
            return report
        blamed = newest.symptom.service
        why = newest.symptom.detail + (f"; blames {blamed}" if blamed != report.subject else "")
        if report.state is not DetectorState.FIRING:
            away = (now - state.away_since) / 1e9 if state.away_since else 0.0
            why = f"gone for {away:.0f} s, over after {state.hold_ns / 1e9:.0f} s: {why}"
        return replace(report, state=DetectorState.FIRING, since=newest.symptom.since, why=why)


def _inhibited(report: DetectorReport, current: Sequence[Inhibition]) -> DetectorReport:
    """Return the report, as INHIBITED by one of the current inhibitions.

    An alarm that fires is inhibited only by the work in which it began.
    """
    if report.state is DetectorState.FIRING:
        current = [window for window in current if window.is_work and window.explains(report.since)]
    if not current:
        return report
    last = max(current, key=lambda window: window.until)
    until = 0 if last.until == STILL_OPEN else last.until
    return replace(report, state=DetectorState.INHIBITED, why=_source(last), since=last.since, until=until)


def _on_hold(report: DetectorReport, hold: Inhibition) -> DetectorReport:
    """Return the report as INHIBITED by a hold, with all that it measures, whether its alarm stands or not."""
    why = f"{_source(hold)}; it is {report.state}" + (f": {report.why}" if report.why else "")
    return replace(report, state=DetectorState.INHIBITED, why=why, since=hold.since, until=hold.until)


def _inhibition(window: Inhibition) -> ReportedInhibition:
    until = 0 if window.until == STILL_OPEN else window.until
    return ReportedInhibition(window.since, until, tuple(sorted(window.services)), _source(window))


def _source(window: Inhibition) -> str:
    if window.is_hold:
        return f"a hold, {window.hold}"
    return f"incident {window.case}" if window.case else f"work on {', '.join(sorted(window.services))}"
