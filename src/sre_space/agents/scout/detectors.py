"""All of Scout's detectors of one patient; `bootstrap/scout.py` feeds them, `scout.py` asks them.

Probes tell of health, frames of sketches of latency and errors, attempts of the journey's error budget, events of
conversion, samples of saturation. Each detector is explained in `docs/detection.md`.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.agents.scout.health import ServiceHealth
from sre_space.agents.scout.journeys import Attempt, JourneyBook
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
from sre_space.domain.event_time import why_not
from sre_space.domain.pauses import Pauses
from sre_space.domain.space_config import SpaceConfig
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
COMPLETE_AFTER_NS = SECOND // 2  # both event topics are read, and services publish at once
CAUGHT_UP_NS = 2 * SECOND  # after a pause: by then both have been read


@dataclass
class Detectors:
    """The detectors and what they share. `scale` shortens the windows of the error budget's alerts.

    `dropped` counts by reason the spans of frames that are not of now.
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
    stopped: Unseen = field(default_factory=Unseen)
    deaf: Unseen = field(default_factory=Unseen)
    resumed_at: int = 0

    def __post_init__(self) -> None:
        """One detector of each kind for the journey, one for all operations."""
        self.calls = {name: service.calls for name, service in self.config.services.items()}
        self.peers = {one.address or urlsplit(one.health).netloc: one.name for one in self.config.services.values()}
        self.operations = Operations(self.calls)
        self.conversion = Conversion(self.config.journey.name)
        self.budget = Budget(self.config.journey.name, self.config.journey.slo, self.scale)

    def resume(self, pauses: Pauses) -> None:
        """Forget what was seen before the newest pause of this process; to be called before anything is concluded.

        Telemetry keeps its own time: its alarms stand, and are heard again with what is newer than the pause.
        """
        if pauses.resumed_at == self.resumed_at:
            return
        first, self.resumed_at = not self.resumed_at, pauses.resumed_at
        self.open_incidents.pauses = self.book.pauses = pauses.since_start
        if first:
            return
        self.stopped.add(pauses.all[-1].since, pauses.all[-1].until)
        self.damping = Damping()
        self.cohorts.forget(self.resumed_at + CAUGHT_UP_NS)
        for health in self.board.values():
            health.forget()

    @property
    def looked(self) -> bool:
        """True once everything that probes can tell was looked at since the newest pause."""
        return self.active_symptoms.looked_at > self.resumed_at and all(one.looked for one in self.board.values())

    @property
    def heard(self) -> bool:
        """True once telemetry was heard that is newer than the newest pause."""
        return not self.resumed_at or self.spans.newest > self.resumed_at

    def unseen(self, symptom: Symptom) -> int:
        """From when on its fault may have been there, since nobody looked (Unix ns); 0 when it was seen to begin."""
        probed = symptom.kind is SymptomKind.INFRASTRUCTURE
        times = [one.before(symptom.since) for one in ((self.stopped,) if probed else (self.stopped, self.deaf))]
        return min(filter(None, times), default=0)

    def take_frame(self, frame: Frame, now: int) -> None:
        """What a member of the group saw of the spans; `now` is the frame's own time when it is read back."""
        if self.frames.fresh(frame):
            sketches = self._of_now(frame.sketches, now)
            newest = min(now, max((second + 1 for _, second in sketches), default=0) * SECOND)
            self.spans = Feed(SPANS, max(self.spans.heard_at, now), max(self.spans.newest, newest))
            self.operations.add(sketches, now)

    def _of_now(self, sketches: Sketches, now: int) -> Sketches:
        """Those of a time that may be; a second that nobody has reached would make a feed that lags look timely."""
        odd = {key: reason for key in sketches if (reason := why_not(key[1] * SECOND, now))}
        for key, reason in odd.items():
            self.dropped[reason] += sketches[key].count
        return {key: sketch for key, sketch in sketches.items() if key not in odd}

    def take_attempt(self, attempt: Attempt) -> None:
        """One attempt of the journey."""
        self.budget.add(attempt.start, attempt.good, not attempt.good, self.open_incidents.excused(attempt.start))

    def take_level(self, resource: Resource, at: int, value: float) -> None:
        """One sample of a resource, in the unit of its limit."""
        detector = self.resources.get((resource.service, resource.name))
        if detector is None or detector.resource != resource:
            detector = self.resources[resource.service, resource.name] = Saturation(resource)
        detector.update(at, value)

    def restarted(self, service: str, at: int) -> None:
        """A new process of the service: its resources begin anew."""
        for (owner, _), detector in self.resources.items():
            if owner == service:
                detector.restart(at)

    def look(self, now: int) -> list[SymptomGroup]:
        """What hangs together now (Unix ns), oldest first; to be asked a few times a second."""
        self.telemetry = telemetry_health([self.spans], self.resumed_at, now)
        if self.telemetry.blind:
            self.deaf.add(self.telemetry.since, now)
        windows = self.judge(now)
        found = self._findings(windows, now)
        steady = self.damping.steady(found, now)
        planned = (*windows, *self.open_incidents.holding(now))
        groups = correlate(
            steady, SystemView(self.calls, tuple(self.open_incidents.open.values()), planned, self.telemetry), now
        )
        self.active_symptoms.remember(found, steady, [finding for group in groups for finding in group.findings], now)
        return groups

    def judge(self, now: int) -> Sequence[Inhibition]:
        """Let the detectors judge what is complete at `now` (Unix ns); the windows that excused it."""
        windows = self.open_incidents.all_windows()
        self.operations.judge(now, windows)
        self.conversion.judge(self.cohorts.decided(now - COMPLETE_AFTER_NS), windows)
        return windows

    def _news_since(self, health: ServiceHealth, now: int) -> int:
        """When an outage that outlasted what excused it is news: excused for ever is nothing."""
        windows = self.open_incidents.all_windows()
        over = [one.until for one in windows if health.service in one.services and one.until <= now]
        return max([health.failing_since, *over])

    def _findings(self, windows: Sequence[Inhibition], now: int) -> Sequence[FiredAlarm]:
        health = [self._out(one, now) for one in self.board.values() if one.firing]
        if not self.heard:
            return health
        levels = [finding for detector in self.resources.values() for finding in detector.findings()]
        journey = self.conversion.findings(now) + self.budget.findings(now)
        told = [*findings(self.operations, self.peers, now, windows), *levels, *journey]
        return [*health, *(replace(one, fired=max(one.fired, self.resumed_at)) for one in told)]

    def _out(self, health: ServiceHealth, now: int) -> FiredAlarm:
        """How long the service has not answered well, against how long its detector tolerates that (seconds).

        One that still answers, and says that it is ill, while a service that it calls is out, is a victim of that.
        """
        below = reach(health.service, self.calls) - {health.service}
        victim = health.answered and any(self.board[name].firing for name in below if name in self.board)
        symptom = Symptom(
            SymptomKind.INFRASTRUCTURE,
            health.service,
            health.detail,
            round((health.last_at - health.failing_since) / 1e9, 3),
            health.tolerated_s,
            self._news_since(health, now),
        )
        return FiredAlarm(symptom, explained=1.0 if victim else 0.0, fired=health.last_at)
