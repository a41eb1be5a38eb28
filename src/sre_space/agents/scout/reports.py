"""Scout's report of all its detectors: `sre_sightings`, `status`, the metrics and an incident's snapshot read this one.

Each detector answers for itself (`report`). What only Scout knows is added here, alike for all: that it cannot see,
which work excuses them, and that a symptom which went away may come back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.detectors import Detectors
from sre_space.analysis.detection.flapping import Seen
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, touching
from sre_space.domain.detectors import DetectorReport, DetectorsReport, DetectorState, ReportedInhibition, by_urgency
from sre_space.domain.symptoms import SymptomKind

RESOURCES = ("memory", "CPU")  # that every process has
NO_SAMPLE = "no sample was heard of, or its limit is not known"

Row = tuple[Seen, DetectorReport]


@dataclass
class DetectorReports:
    """`begun` is since when each detector has been in its state, as far as this process has seen (Unix ns)."""

    detectors: Detectors
    begun: dict[tuple[SymptomKind, str, str], tuple[DetectorState, int]] = field(default_factory=dict)

    def at(self, now: int) -> DetectorsReport:
        """Return what all detectors say at a Unix ns."""
        told = [self._dated(one, now) for one in (*self._probes(now), *self._telemetry(now))]
        self.begun = {one.identity: (one.state, one.since) for one in told}
        open_incidents, budget = self.detectors.open_incidents, self.detectors.budget
        windows = [one for one in (*open_incidents.all_windows(), *open_incidents.holding(now)) if one.holds(now)]
        return DetectorsReport(
            now,
            tuple(sorted(told, key=by_urgency)),
            tuple(_inhibition(one) for one in sorted(windows, key=lambda one: one.since)),
            {budget.journey: round(budget.spent(now), 4)},
        )

    def _dated(self, told: DetectorReport, now: int) -> DetectorReport:
        state, since = self.begun.get(told.identity, (None, 0))
        return told if told.since else replace(told, since=since if state is told.state else now)

    def _probes(self, now: int) -> Iterator[DetectorReport]:
        """A probe asks neither telemetry nor the bus; only work on the very service excuses an outage."""
        for health in self.detectors.board.values():
            told = health.report()
            work = [one for one in self._planned(now) if health.service in one.services]
            yield _inhibited(self._held(_plain(told), now), work, now)

    def _telemetry(self, now: int) -> Iterator[DetectorReport]:
        telemetry = self.detectors.telemetry
        for one in (*self._of_services(now), *self._of_journeys(now)):
            yield (
                replace(one, state=DetectorState.BLIND, why=telemetry.reason, since=telemetry.since)
                if telemetry.blind
                else one
            )

    def _of_services(self, now: int) -> Iterator[DetectorReport]:
        calls, planned = self.detectors.calls, self._planned(now)
        work = {service: touching(planned, service, calls) for service in calls}
        for row in (*self.detectors.operations.reports(now), *self._resources(now)):
            yield _inhibited(self._held(row, now), work.get(row[1].subject, ()), now)

    def _resources(self, now: int) -> Iterator[Row]:
        known = self.detectors.resources
        yield from (_plain(one.report(now)) for one in known.values())
        for service in self.detectors.board:
            for name in (name for name in RESOURCES if (service, name) not in known):
                unknown = DetectorReport(SymptomKind.SATURATION, service, DetectorState.UNKNOWN, name, why=NO_SAMPLE)
                yield _plain(unknown)

    def _of_journeys(self, now: int) -> Iterator[DetectorReport]:
        """Any work on any service, and any open incident, excuses a journey; an alarm that stands, work alone."""
        incidents = self.detectors.open_incidents.windows.values()
        for told in (self.detectors.conversion.report(now), self.detectors.budget.report(now)):
            row = self._held(_plain(told), now)
            yield _inhibited(row, (*self._planned(now), *incidents), now)

    def _planned(self, now: int) -> list[Inhibition]:
        open_incidents = self.detectors.open_incidents
        return [one for one in (*open_incidents.all_windows(), *open_incidents.holding(now)) if not one.case]

    def _held(self, row: Row, now: int) -> DetectorReport:
        """With whom it accuses; what went away too recently to be over still fires."""
        (seen, told), damping = row, self.detectors.damping
        newest, state = damping.newest.get(seen), damping.states.get(seen)
        if newest is None or state is None or not state.there:
            return told
        accused = newest.symptom.service
        why = newest.symptom.detail + (f"; accuses {accused}" if accused != told.subject else "")
        if told.state is not DetectorState.FIRING:
            away = (now - state.away_since) / 1e9 if state.away_since else 0.0
            why = f"gone for {away:.0f} s, over after {state.hold_ns / 1e9:.0f} s: {why}"
        return replace(told, state=DetectorState.FIRING, since=newest.symptom.since, why=why)


def _plain(told: DetectorReport) -> Row:
    """With what damping knows it by, where that is no operation."""
    return (told.kind, (told.subject, told.operation)), told


def _inhibited(told: DetectorReport, windows: Sequence[Inhibition], now: int) -> DetectorReport:
    """As it is, or why it is not judged now; an alarm that stands is excused only by the work that it began in."""
    lasting = [one for one in windows if one.holds(now)]
    if told.state is DetectorState.FIRING:
        lasting = [one for one in lasting if not one.case and one.explains(told.since)]
    if not lasting:
        return told
    last = max(lasting, key=lambda one: one.until)
    until = 0 if last.until == STILL_OPEN else last.until
    return replace(told, state=DetectorState.INHIBITED, why=_source(last), since=last.since, until=until)


def _inhibition(window: Inhibition) -> ReportedInhibition:
    until = 0 if window.until == STILL_OPEN else window.until
    return ReportedInhibition(window.since, until, tuple(sorted(window.services)), _source(window))


def _source(window: Inhibition) -> str:
    return f"incident {window.case}" if window.case else f"work on {', '.join(sorted(window.services))}"
