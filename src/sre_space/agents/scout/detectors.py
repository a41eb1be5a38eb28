"""All of Scout's detectors of one application; `bootstrap/scout.py` feeds them, `scout.py` evaluates them.

Health comes from probes, latency and errors from frames of sketches, the journey's error budget from its attempts,
conversion from events, saturation from resource samples. `docs/detection.md` explains each detector.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import Attempt, JourneyBook
from sre_space.agents.scout.known_holds import KnownHolds
from sre_space.agents.scout.open_incidents import OpenIncidents
from sre_space.agents.scout.unseen import Unseen
from sre_space.analysis.detection.blame import FiredAlarm, findings
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.cohorts import Cohorts
from sre_space.analysis.detection.conversion import Conversion
from sre_space.analysis.detection.correlation import SymptomGroup, SystemView, correlate
from sre_space.analysis.detection.flapping import Damping
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.operations import Operations
from sre_space.analysis.detection.saturation import Resource, Saturation
from sre_space.analysis.detection.telemetry_health import Feed, TelemetryHealth, telemetry_health
from sre_space.codec.sketches import Frame, Frames, Sketches
from sre_space.codec.topics import SPANS
from sre_space.domain.dependencies import reach
from sre_space.domain.event_time import implausible_reason
from sre_space.domain.pauses import Pauses
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
COMPLETE_AFTER_NS = SECOND // 2  # by then both event topics are read: services publish immediately
CAUGHT_UP_NS = 2 * SECOND  # after a pause, until both event topics have been read


@dataclass
class Detectors:
    """The detectors of all services and the journey, and the state that they share.

    `scale` shortens the windows of the error budget's alerts. `dropped` counts by reason the spans of frames whose time
    is out of bounds. `not_running` and `without_telemetry` are the times in which Scout did not run, and in which
    telemetry was stale.
    """

    config: SpaceConfig
    board: Mapping[str, ServiceHealth]
    book: JourneyBook
    scale: float = 1.0
    open_incidents: OpenIncidents = field(default_factory=OpenIncidents)
    frames: Frames = field(default_factory=Frames)
    cohorts: Cohorts = field(default_factory=Cohorts)
    damping: Damping = field(default_factory=Damping)
    resources: dict[tuple[str, str], Saturation] = field(default_factory=dict)
    spans: Feed = field(default_factory=lambda: Feed(SPANS, 0, 0))
    active_symptoms: ActiveSymptoms = field(default_factory=ActiveSymptoms)
    telemetry: TelemetryHealth = field(default_factory=TelemetryHealth)
    dropped: Counter[str] = field(default_factory=Counter)
    not_running: Unseen = field(default_factory=Unseen)
    without_telemetry: Unseen = field(default_factory=Unseen)
    resumed_at: int = 0

    def __post_init__(self) -> None:
        """Create the detectors of the journey, and the one of all operations."""
        self.calls = self.config.calls
        self.holds = KnownHolds(self.calls)
        self.peers = {
            service.address or urlsplit(service.health).netloc: service.name
            for service in self.config.services.values()
        }
        self.operations = Operations(self.calls)
        self.conversion = Conversion(self.config.journey.name)
        self.budget = Budget(self.config.journey.name, self.config.journey.slo, self.scale)

    def resume(self, pauses: Pauses) -> None:
        """Forget what was seen before the newest pause of this process; call this before anything is evaluated.

        Detectors of telemetry keep their own time: their alarms stay, but are reported again only with telemetry from
        after the pause.
        """
        if pauses.resumed_at == self.resumed_at:
            return
        first, self.resumed_at = not self.resumed_at, pauses.resumed_at
        self.open_incidents.pauses = self.book.pauses = pauses.since_start
        if first:
            return
        self.not_running.add(pauses.all[-1].since, pauses.all[-1].until)
        self.damping = Damping()
        self.cohorts.forget(self.resumed_at + CAUGHT_UP_NS)
        for health in self.board.values():
            health.forget()

    @property
    def evaluated(self) -> bool:
        """Return True once all probes and detectors were evaluated since the newest pause."""
        return self.active_symptoms.evaluated_at > self.resumed_at and all(
            health.evaluated for health in self.board.values()
        )

    @property
    def has_telemetry(self) -> bool:
        """Return True once telemetry from after the newest pause was received."""
        return not self.resumed_at or self.spans.newest > self.resumed_at

    def unseen(self, symptom: Symptom) -> int:
        """Return from when on the symptom's fault may have existed unseen (Unix ns); 0 when Scout saw it begin."""
        probed = symptom.kind is SymptomKind.INFRASTRUCTURE
        times = [
            gaps.before(symptom.since)
            for gaps in (self.not_running, self.holds.before_start if probed else self.without_telemetry)
        ]
        return min(filter(None, times), default=0)

    def take_frame(self, frame: Frame, now: int) -> None:
        """Add a frame (the sketches of some spans) that a member of Scout's consumer group published.

        `now` is when the frame arrived (Unix ns), or the frame's own time when it is read again after a restart.
        """
        if self.frames.fresh(frame):
            sketches = self._plausible(frame.sketches, now)
            newest = min(now, max((second + 1 for _, second in sketches), default=0) * SECOND)
            self.spans = Feed(SPANS, max(self.spans.heard_at, now), max(self.spans.newest, newest))
            self.operations.add(sketches, now)

    def _plausible(self, sketches: Sketches, now: int) -> Sketches:
        """Return the sketches of plausible times, and count the spans of the others.

        A second in the future would make a feed that lags look timely.
        """
        rejected = {key: reason for key in sketches if (reason := implausible_reason(key[1] * SECOND, now))}
        for key, reason in rejected.items():
            self.dropped[reason] += sketches[key].count
        return {key: sketch for key, sketch in sketches.items() if key not in rejected}

    def take_attempt(self, attempt: Attempt) -> None:
        """Add an attempt of the journey to the error budget."""
        self.budget.add(attempt.start, attempt.good, not attempt.good, self.excused(attempt.start))

    def excused(self, at: int) -> bool:
        """Return True when an attempt at `at` (Unix ns) raises no alert: an incident, work or a hold may explain it."""
        return self.open_incidents.inhibited(at) or self.holds.lasted(at)

    def take_level(self, resource: Resource, at: int, value: float) -> None:
        """Add a sample of a resource, in the unit of its limit, that was taken at `at` (Unix ns)."""
        detector = self.resources.get((resource.service, resource.name))
        if detector is None or detector.resource != resource:
            detector = self.resources[resource.service, resource.name] = Saturation(resource)
        detector.update(at, value)

    def restarted(self, service: str, at: int) -> None:
        """Restart the resource detectors of a service that has a new process."""
        for (owner, _), detector in self.resources.items():
            if owner == service:
                detector.restart(at)

    def evaluate(self, now: int) -> list[SymptomGroup]:
        """Evaluate all detectors and return the groups of related symptoms, oldest first.

        `now` is in Unix ns. To be called a few times a second.
        """
        self.telemetry = telemetry_health([self.spans], self.resumed_at, now)
        if self.telemetry.blind:
            self.without_telemetry.add(self.telemetry.since, now)
        inhibitions = self.evaluate_complete(now)
        alarms = self._findings(inhibitions, now)
        steady = self.damping.steady(alarms, now)
        planned = (*inhibitions, *self.open_incidents.current_holds(now))
        view = SystemView(self.calls, tuple(self.open_incidents.open.values()), planned, self.telemetry)
        put_off = self.holds.put_off(steady, alarms, now)
        groups = correlate([alarm for alarm in steady if alarm not in put_off], view, now)
        grouped = [alarm for group in (*groups, *correlate(put_off, view, now)) for alarm in group.findings]
        self.active_symptoms.remember(alarms, steady, grouped, now)
        return groups

    def evaluate_complete(self, now: int) -> Sequence[Inhibition]:
        """Let the detectors evaluate the data that is complete at `now` (Unix ns); return the inhibitions applied."""
        inhibitions = self.open_incidents.all_windows()
        held = self.holds.windows()
        self.operations.evaluate(now, inhibitions, held)
        self.conversion.evaluate(self.cohorts.decided(now - COMPLETE_AFTER_NS), inhibitions, held)
        return inhibitions

    def _outage_since(self, health: ServiceHealth, now: int) -> int:
        """Return the start of an outage (Unix ns), or the end of the inhibition that it outlasted."""
        inhibitions = self.open_incidents.all_windows()
        ended = [window.until for window in inhibitions if health.service in window.services and window.until <= now]
        return max([health.failing_since, *ended])

    def _findings(self, inhibitions: Sequence[Inhibition], now: int) -> Sequence[FiredAlarm]:
        """Return the alarms of all detectors; only those of probes until telemetry from after a pause was received."""
        outages = [self._outage(health, now) for health in self.board.values() if health.firing]
        if not self.has_telemetry:
            return outages
        levels = [finding for detector in self.resources.values() for finding in detector.findings()]
        journey = self.conversion.findings(now) + self.budget.findings(now)
        alarms = [*findings(self.operations, self.peers, now, inhibitions), *levels, *journey]
        return [*outages, *(replace(alarm, fired=max(alarm.fired, self.resumed_at)) for alarm in alarms)]

    def _outage(self, health: ServiceHealth, now: int) -> FiredAlarm:
        """Return the alarm of a service that is out: for how many seconds, against how many its detector tolerates.

        A service that still answers, but unhealthy, while a service that it depends on is out, is a victim of that one.
        """
        dependencies = reach(health.service, self.calls) - {health.service}
        victim = health.answered and any(self.board[name].firing for name in dependencies if name in self.board)
        symptom = Symptom(
            SymptomKind.INFRASTRUCTURE,
            health.service,
            health.detail,
            round((health.last_at - health.failing_since) / 1e9, 3),
            health.tolerated_s,
            self._outage_since(health, now),
        )
        return FiredAlarm(symptom, explained=1.0 if victim else 0.0, fired=health.last_at)
