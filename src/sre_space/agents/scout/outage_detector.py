"""The detector of outages: services that do not answer their probes (`health.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import Detector, Row
from sre_space.agents.scout.health import ServiceHealth
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.inhibition import Inhibition, Scope, applying
from sre_space.domain.dependencies import reach
from sre_space.domain.symptoms import Symptom, SymptomKind


@dataclass(frozen=True)
class OutageDetector(Detector):
    """The detector of outages. It needs neither telemetry nor the bus, and forgets nothing that it sees for a hold."""

    board: Mapping[str, ServiceHealth]
    kind = SymptomKind.INFRASTRUCTURE

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return an alarm for each service that is out."""
        return [self._outage(health, now, inhibitions) for health in self.board.values() if health.firing]

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each service's health."""
        for health in self.board.values():
            yield (self.kind, (health.service, "")), health.report()

    def scope(self, subject: str) -> Scope:
        """Return the very service: nothing else excuses its outage."""
        return frozenset({subject})

    def is_current(self, symptom: Symptom) -> bool:
        """Return True once enough probes were made."""
        return self.board[symptom.service].known

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True: a probe needs nothing to compare with."""
        return True

    def gone_since(self, symptom: Symptom) -> int:
        """Return since when the service answers (Unix ns); 0 while it is out."""
        health = self.board[symptom.service]
        return 0 if health.firing else health.healthy_since

    def holds_without_telemetry(self, symptom: Symptom) -> bool:
        """Return True while the service is out: a probe shows an outage, but without telemetry no recovery."""
        return self.board[symptom.service].firing

    def hides(self, symptom: Symptom) -> bool:
        """Return True while the service of another symptom is out: it serves no requests that could show it."""
        health = self.board.get(symptom.service)
        return symptom.kind is not self.kind and health is not None and health.firing

    def detail(self, symptom: Symptom) -> str:
        """Return the answer to the newest probe."""
        health = self.board.get(symptom.service)
        return health.detail if health else symptom.detail

    def _outage(self, health: ServiceHealth, now: int, inhibitions: Sequence[Inhibition]) -> FiredAlarm:
        """Return the alarm of a service that is out: for how many seconds, against how many its detector tolerates.

        A service that still answers, but unhealthy, while a service that it depends on is out, is a victim of that one.
        It is out since the end of an inhibition that it outlasted.
        """
        dependencies = reach(health.service, self.calls) - {health.service}
        victim = health.answered and any(self.board[name].firing for name in dependencies if name in self.board)
        ended = [one.until for one in applying(inhibitions, self.scope(health.service)) if one.is_over(now)]
        symptom = Symptom(
            self.kind,
            health.service,
            health.detail,
            round((health.last_at - health.failing_since) / 1e9, 3),
            health.tolerated_s,
            max([health.failing_since, *ended]),
        )
        return FiredAlarm(symptom, explained=1.0 if victim else 0.0, fired=health.last_at, alone=True)
