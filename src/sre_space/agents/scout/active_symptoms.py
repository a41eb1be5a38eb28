"""The active symptoms: when each was last seen, and how strong it is. Used by Scout to verify, and reported to Fixer.

A symptom is named by its kind and the service that is blamed. The blame for the same spans may move to another service
while the symptom lasts, as more telemetry of the other side arrives; the symptom stays active under its first name
until those spans show nothing any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.statistics.sketch import Operation
from sre_space.domain.symptoms import SymptomKind

Name = tuple[SymptomKind, str]  # the kind, and the blamed service


@dataclass
class ActiveSymptoms:
    """The results of Scout's evaluations by symptom; all times in Unix ns.

    `present` and `raw` are when a symptom was last seen with and without damping, `strength` is its newest value, and
    `watched` are the operations whose spans show it now.
    """

    evaluated_at: int = 0
    present: dict[Name, int] = field(default_factory=dict)
    raw: dict[Name, int] = field(default_factory=dict)
    strength: dict[Name, float] = field(default_factory=dict)
    watched: dict[Name, frozenset[Operation]] = field(default_factory=dict)

    def remember(
        self, found: Sequence[FiredAlarm], steady: Sequence[FiredAlarm], grouped: Sequence[FiredAlarm], now: int
    ) -> None:
        """Record one evaluation at `now` (Unix ns).

        `found` are the detectors' alarms, `steady` those that are active after damping, `grouped` those that
        correlation put into groups. A group may blame a service that has no symptom of its own: then it counts as seen,
        too.
        """
        self.evaluated_at = now
        damped = {_name(alarm) for alarm in steady}
        inferred = [alarm for alarm in grouped if _name(alarm) not in damped]
        self.raw |= dict.fromkeys(self._names([*found, *inferred]), now)
        active = self._names([*steady, *grouped])
        self.present |= dict.fromkeys(active, now)
        self.strength |= active
        watched = {name: self.watched.get(name, frozenset()) for name in active}
        for alarm in (*steady, *grouped):
            if alarm.watched:
                watched[_name(alarm)] |= {alarm.watched}
        self.watched = watched

    def _names(self, alarms: Sequence[FiredAlarm]) -> dict[Name, float]:
        """Return the present and the former names of the active alarms, each with its strength."""
        former = {
            name: alarm.symptom.value
            for alarm in alarms
            for name, watched in self.watched.items()
            if name[0] is alarm.symptom.kind and alarm.watched in watched
        }
        return former | {_name(alarm): alarm.symptom.value for alarm in alarms}

    @property
    def seen(self) -> tuple[str, ...]:
        """Return the keys of the symptoms that the newest evaluation shows, sorted."""
        keys = (kind.of(service) for (kind, service), at in self.present.items() if at >= self.evaluated_at > 0)
        return tuple(sorted(keys))

    def gone_since(self, kind: SymptomKind, service: str) -> int:
        """Return when a symptom was active for the last time (Unix ns); 0 when it never was.

        While it is active, damped or not, that is the newest evaluation. Once it is over, it is when its detector saw
        it last: the hold time of the damping only proves that it stays away.
        """
        present = self.present.get((kind, service), 0)
        return present if present >= self.evaluated_at else self.raw.get((kind, service), present)


def _name(alarm: FiredAlarm) -> Name:
    return alarm.symptom.kind, alarm.symptom.service
