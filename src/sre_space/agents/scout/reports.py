"""Scout's report of all its detectors: the topic `sre_sightings`, `status`, the metrics and incident snapshots show it.

Each detector reports its own state (`report`). What only Scout knows is added here, for all in the same way: that
telemetry is stale, which work inhibits them, and that a symptom which went away may come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.detectors import Detectors
from sre_space.analysis.detection.flapping import Seen
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, inhibitions_of
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, ReportedInhibition, by_urgency
from sre_space.domain.symptoms import SymptomKind

RESOURCES = ("memory", "CPU")  # that every process has
NO_SAMPLE = "no sample was received, or its limit is not known"

Row = tuple[Seen, DetectorReport]


@dataclass
class DetectorReports:
    """Collects all reports; `begun` is since when each detector has been in its state, as far as seen (Unix ns)."""

    detectors: Detectors
    begun: dict[tuple[SymptomKind, str, str], tuple[DetectorState, int]] = field(default_factory=dict)

    def at(self, now: int) -> DetectorsReport:
        """Return the report of all detectors at `now` (Unix ns), the most urgent first."""
        found = (self.detectors.holds.shown(report, now) for report in (*self._probes(now), *self._telemetry(now)))
        reports = [self._dated(report, now) for report in found]
        self.begun = {report.identity: (report.state, report.since) for report in reports}
        open_incidents, budget = self.detectors.open_incidents, self.detectors.budget
        windows = [
            window
            for window in (*open_incidents.all_windows(), *open_incidents.current_holds(now))
            if window.holds(now)
        ]
        inhibitions = [*map(_inhibition, windows), *self.detectors.holds.reported(now)]
        return DetectorsReport(
            now,
            tuple(sorted(reports, key=by_urgency)),
            tuple(sorted(inhibitions, key=lambda inhibition: inhibition.since)),
            {budget.journey: round(budget.spent(now), 4)},
        )

    def _dated(self, report: DetectorReport, now: int) -> DetectorReport:
        state, since = self.begun.get(report.identity, (None, 0))
        return report if report.since else replace(report, since=since if state is report.state else now)

    def _probes(self, now: int) -> Iterator[DetectorReport]:
        """Yield the reports of the health detectors, which only work on the very service inhibits."""
        for health in self.detectors.board.values():
            report = health.report()
            work = [window for window in self._planned(now) if health.service in window.services]
            yield _inhibited(self._held(_plain(report), now), work, now)

    def _telemetry(self, now: int) -> Iterator[DetectorReport]:
        """Yield the reports of the detectors that need telemetry; BLIND while it is stale."""
        telemetry = self.detectors.telemetry
        for report in (*self._of_services(now), *self._of_journeys(now)):
            yield (
                replace(report, state=DetectorState.BLIND, why=telemetry.reason, since=telemetry.since)
                if telemetry.blind
                else report
            )

    def _of_services(self, now: int) -> Iterator[DetectorReport]:
        calls, planned = self.detectors.calls, self._planned(now)
        work = {service: inhibitions_of(planned, service, calls) for service in calls}
        for row in (*self.detectors.operations.reports(now), *self._resources(now)):
            yield _inhibited(self._held(row, now), work.get(row[1].subject, ()), now)

    def _resources(self, now: int) -> Iterator[Row]:
        known = self.detectors.resources
        yield from (_plain(detector.report(now)) for detector in known.values())
        for service in self.detectors.board:
            for name in (name for name in RESOURCES if (service, name) not in known):
                unknown = DetectorReport(SymptomKind.SATURATION, service, DetectorState.UNKNOWN, name, why=NO_SAMPLE)
                yield _plain(unknown)

    def _of_journeys(self, now: int) -> Iterator[DetectorReport]:
        """Yield the reports of the journey's detectors.

        Work on any service and any open incident inhibits them; an alarm that fires already is inhibited by work alone.
        """
        incidents = self.detectors.open_incidents.windows.values()
        for report in (self.detectors.conversion.report(now), self.detectors.budget.report(now)):
            row = self._held(_plain(report), now)
            yield _inhibited(row, (*self._planned(now), *incidents), now)

    def _planned(self, now: int) -> list[Inhibition]:
        open_incidents = self.detectors.open_incidents
        return [
            window for window in (*open_incidents.all_windows(), *open_incidents.current_holds(now)) if not window.case
        ]

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


def _plain(report: DetectorReport) -> Row:
    """Return the report with the name that damping knows its alarm by, for all detectors but those of operations."""
    return (report.kind, (report.subject, report.operation)), report


def _inhibited(report: DetectorReport, windows: Sequence[Inhibition], now: int) -> DetectorReport:
    """Return the report, as INHIBITED while one of the windows lasts.

    An alarm that fires is inhibited only by the work in which it began.
    """
    current = [window for window in windows if window.holds(now)]
    if report.state is DetectorState.FIRING:
        current = [window for window in current if not window.case and window.explains(report.since)]
    if not current:
        return report
    last = max(current, key=lambda window: window.until)
    until = 0 if last.until == STILL_OPEN else last.until
    return replace(report, state=DetectorState.INHIBITED, why=_source(last), since=last.since, until=until)


def _inhibition(window: Inhibition) -> ReportedInhibition:
    until = 0 if window.until == STILL_OPEN else window.until
    return ReportedInhibition(window.since, until, tuple(sorted(window.services)), _source(window))


def _source(window: Inhibition) -> str:
    return f"incident {window.case}" if window.case else f"work on {', '.join(sorted(window.services))}"
