"""All of Scout's detectors of one application; `bootstrap/scout.py` feeds them, `scout.py` evaluates them.

Health comes from probes, latency and errors from frames of sketches, the journey's error budget from its attempts,
conversion from events, saturation from resource samples. `docs/detection.md` explains each detector.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.agents.scout.conversion_detector import ConversionDetector
from sre_space.agents.scout.detector import Detector
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.held_alarms import HeldAlarms
from sre_space.agents.scout.inhibitions import Inhibitions
from sre_space.agents.scout.journey_indicators import JourneyIndicators
from sre_space.agents.scout.journeys import Attempt, JourneyBook
from sre_space.agents.scout.open_incidents import OpenIncidents
from sre_space.agents.scout.outage_detector import OutageDetector
from sre_space.agents.scout.request_detectors import ErrorDetector, LatencyDetector
from sre_space.agents.scout.saturation_detector import SaturationDetector
from sre_space.agents.scout.slo_detector import SloDetector
from sre_space.agents.scout.unseen import Unseen
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.correlation import SymptomGroup, SystemView, correlate
from sre_space.analysis.detection.flapping import Damping
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.operations import Operations
from sre_space.analysis.detection.saturation import Resource, Saturation
from sre_space.analysis.detection.telemetry_health import Feed, TelemetryHealth, telemetry_health
from sre_space.codec.sketches import Frame, Frames, Sketches
from sre_space.codec.topics import SPANS
from sre_space.domain.detectors import VerificationReport
from sre_space.domain.event_time import implausible_reason
from sre_space.domain.pauses import Pauses
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
CAUGHT_UP_NS = 2 * SECOND  # after a pause, until both event topics have been read


@dataclass
class Detectors:
    """The detectors of all services and journeys, and the state that they share.

    `scale` shortens the windows of the error budget's alerts. `dropped` counts by reason the spans of frames whose time
    is out of bounds. `not_running` and `without_telemetry` are the times in which Scout did not run, and in which
    telemetry was stale; `unprobed` is the time of a hold before this process began, of which telemetry is read back,
    but no probe. `held` is what holds keep from opening incidents. `verifying` is how far the verification of each
    incident was, and when (Unix ns).
    """

    config: SpaceConfig
    board: Mapping[str, ServiceHealth]
    book: JourneyBook
    scale: float = 1.0
    open_incidents: OpenIncidents = field(default_factory=OpenIncidents)
    frames: Frames = field(default_factory=Frames)
    damping: Damping = field(default_factory=Damping)
    resources: dict[tuple[str, str], Saturation] = field(default_factory=dict)
    spans: Feed = field(default_factory=lambda: Feed(SPANS, 0, 0))
    active_symptoms: ActiveSymptoms = field(default_factory=ActiveSymptoms)
    telemetry: TelemetryHealth = field(default_factory=TelemetryHealth)
    dropped: Counter[str] = field(default_factory=Counter)
    not_running: Unseen = field(default_factory=Unseen)
    without_telemetry: Unseen = field(default_factory=Unseen)
    unprobed: Unseen = field(default_factory=Unseen)
    held: HeldAlarms = field(default_factory=HeldAlarms)
    holds_known: bool = False
    resumed_at: int = 0
    verifying: dict[str, tuple[int, VerificationReport]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create the indicators of the journeys, the detector of all operations, and from all the one of each kind."""
        self.calls = self.config.calls
        self.peers = {
            service.address or service.health.address: service.name for service in self.config.services.values()
        }
        self.operations = Operations(self.calls)
        self.journeys = {journey.name: JourneyIndicators(journey, self.scale) for journey in self.config.journeys}
        shared, requests = (self.active_symptoms, self.calls), (self.operations, self.peers)
        detectors: Sequence[Detector] = (
            OutageDetector(*shared, self.board),
            LatencyDetector(*shared, *requests),
            ErrorDetector(*shared, *requests),
            SaturationDetector(*shared, self.resources, tuple(self.board)),
            ConversionDetector(*shared, self.journeys),
            SloDetector(*shared, self.journeys),
        )
        self.kinds: Mapping[SymptomKind, Detector] = {detector.kind: detector for detector in detectors}

    @property
    def inhibitions(self) -> Inhibitions:
        """Return the inhibitions of all sources."""
        return self.open_incidents.inhibitions

    @property
    def unknown(self) -> tuple[str, ...]:
        """Return what identifies the symptoms of open incidents whose detectors this process has not evaluated yet."""
        symptoms = (symptom for incident in self.open_incidents.open.values() for symptom in incident.symptoms)
        return tuple(sorted({symptom.identity for symptom in symptoms if not self.of(symptom).is_evaluated(symptom)}))

    def of(self, symptom: Symptom) -> Detector:
        """Return the detector of the symptom's kind."""
        return self.kinds[symptom.kind]

    def needs_telemetry(self, symptom: Symptom) -> bool:
        """Return True when the symptom cannot be seen while telemetry is stale."""
        return self.of(symptom).needs_telemetry

    def hidden(self, symptom: Symptom) -> bool:
        """Return True when the symptom disappeared without a recovery, because of what another detector sees."""
        return any(detector.hides(symptom) for detector in self.kinds.values())

    def take_holds(self, lasting: Sequence[Inhibition], started: int, now: int) -> None:
        """Take over the holds that last at `now` (Unix ns); one that is missing was released.

        `started` is when this process began: what another Scout probed in a hold before is unseen.
        """
        if not self.holds_known:
            self.unprobed.add(min((hold.since for hold in lasting), default=0), started)
        self.holds_known = True
        self.inhibitions.hold(lasting, now)

    def hold_on(self, symptom: Symptom, now: int) -> Inhibition | None:
        """Return the hold that a symptom may come from at `now` (Unix ns); None when there is none."""
        return self.inhibitions.held(self.of(symptom).scope(symptom.service), now)

    def released(self, symptom: Symptom, now: int) -> int:
        """Return when the newest hold ended that a symptom may come from (Unix ns); 0 when none has for a while."""
        return self.inhibitions.released(self.of(symptom).scope(symptom.service), now)

    def resume(self, pauses: Pauses) -> None:
        """Forget what was seen before the newest pause of this process; call this before anything is evaluated.

        Detectors of telemetry keep their own time: their alarms stay, but are reported again only with telemetry from
        after the pause.
        """
        if pauses.resumed_at == self.resumed_at:
            return
        first, self.resumed_at = not self.resumed_at, pauses.resumed_at
        self.inhibitions.pauses = self.book.pauses = pauses.since_start
        if first:
            return
        self.not_running.add(pauses.all[-1].since, pauses.all[-1].until)
        self.damping = Damping()
        for journey in self.journeys.values():
            journey.cohorts.forget(self.resumed_at + CAUGHT_UP_NS)
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
        gaps = (self.not_running, self.without_telemetry if self.needs_telemetry(symptom) else self.unprobed)
        return min(filter(None, (gap.before(symptom.since) for gap in gaps)), default=0)

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
        """Add an attempt to the indicators of its journey."""
        if attempt.of in self.journeys:
            self.journeys[attempt.of].take(attempt, self.inhibitions.excuse(attempt.start))

    def take_event(self, topic: str, keys: Mapping[str, str], at: int) -> None:
        """Add an event that happened at `at` (Unix ns); `keys` has its key for each journey that counts it."""
        for name, key in keys.items():
            self.journeys[name].take_event(topic, key, at)

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
        alarms = self._alarms(inhibitions, now)
        steady = self.damping.steady(alarms, now)
        excused = (*inhibitions, *(known for known in self.inhibitions.current(now) if not known.confirmed))
        view = SystemView(self.calls, tuple(self.open_incidents.open.values()), excused)
        put_off = self.held.put_off(steady, alarms, lambda symptom: self.hold_on(symptom, now) is not None)
        groups = correlate([alarm for alarm in self._usable(steady) if alarm not in put_off], view, now)
        waiting = correlate(self._usable(put_off), view, now)
        grouped = [alarm for group in (*groups, *waiting) for alarm in group.findings]
        self.active_symptoms.remember(alarms, steady, grouped, now)
        return groups

    def _usable(self, alarms: Iterable[FiredAlarm]) -> list[FiredAlarm]:
        """Return the alarms that say something now: without telemetry, those that need none."""
        return [alarm for alarm in alarms if not (self.telemetry.blind and self.needs_telemetry(alarm.symptom))]

    def evaluate_complete(self, now: int) -> Sequence[Inhibition]:
        """Let the detectors evaluate the data that is complete at `now` (Unix ns); return the inhibitions applied."""
        inhibitions = self.inhibitions.confirmed()
        symptoms = [symptom for incident in self.open_incidents.open.values() for symptom in incident.symptoms]
        for kind, detector in self.kinds.items():
            detector.recall([symptom for symptom in symptoms if symptom.kind is kind])
        self.operations.evaluate(now, inhibitions)
        for journey in self.journeys.values():
            journey.evaluate(now, self.spans.newest, inhibitions)
        return inhibitions

    def _alarms(self, inhibitions: Sequence[Inhibition], now: int) -> Sequence[FiredAlarm]:
        """Return the alarms of all detectors; only those of probes until telemetry from after a pause was received."""
        detectors = [one for one in self.kinds.values() if self.has_telemetry or not one.needs_telemetry]
        alarms = (alarm for detector in detectors for alarm in detector.alarms(now, inhibitions))
        return [alarm if alarm.fired >= self.resumed_at else replace(alarm, fired=self.resumed_at) for alarm in alarms]
