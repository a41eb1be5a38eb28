"""The active symptoms: when each was last seen, and how strong it is. Used by Scout to verify, and reported to Fixer.

A symptom is identified by its detector. Whom the detector accuses is a view: it may move to another service while the
symptom lasts, as more telemetry of the other side arrives, and the symptom stays the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.domain.symptoms import Symptom


@dataclass
class ActiveSymptoms:
    """The results of Scout's evaluations by detector; all times in Unix ns.

    `present` and `raw` are when a symptom was last seen with and without damping, `strength` is its newest value, and
    `accused` are the keys of the services that it has accused since it became active.
    """

    evaluated_at: int = 0
    present: dict[str, int] = field(default_factory=dict)
    raw: dict[str, int] = field(default_factory=dict)
    strength: dict[str, float] = field(default_factory=dict)
    accused: dict[str, frozenset[str]] = field(default_factory=dict)

    def remember(
        self, found: Sequence[FiredAlarm], steady: Sequence[FiredAlarm], grouped: Sequence[FiredAlarm], now: int
    ) -> None:
        """Record one evaluation at `now` (Unix ns).

        `found` are the detectors' alarms, `steady` those that are active after damping, `grouped` those that
        correlation put into groups: there, an alarm may accuse another service.
        """
        active = [alarm.symptom for alarm in (*steady, *grouped)]
        begun = {symptom.identity for symptom in active} - self._active.keys()
        self.accused |= dict.fromkeys(begun, frozenset())
        for symptom in active:
            self.accused[symptom.identity] = self.accused.get(symptom.identity, frozenset()) | {symptom.key}
        self.evaluated_at = now
        self.raw |= dict.fromkeys((alarm.symptom.identity for alarm in found), now)
        self.present |= dict.fromkeys((symptom.identity for symptom in active), now)
        self.strength |= {symptom.identity: symptom.value for symptom in active}

    @property
    def _active(self) -> Mapping[str, int]:
        """Return the detectors whose symptoms the newest evaluation shows."""
        return {detector: at for detector, at in self.present.items() if at >= self.evaluated_at > 0}

    @property
    def seen(self) -> tuple[str, ...]:
        """Return the active symptoms, sorted: what identifies each, and the keys of whom it has accused."""
        accused = (self.accused.get(detector, frozenset()) for detector in self._active)
        return tuple(sorted(frozenset(self._active).union(*accused)))

    def gone_since(self, symptom: Symptom) -> int:
        """Return when a symptom, or one that joins it, was active for the last time (Unix ns); 0 when it never was.

        While it is active, damped or not, that is the newest evaluation. Once it is over, it is when its detector saw
        it last: the hold time of the damping only proves that it stays away.
        """
        return max(map(self._last_seen, self._of(symptom)), default=0)

    def strength_of(self, symptom: Symptom) -> float:
        """Return how strong a symptom is now, or else the strongest that joins it; its own value when none is there."""
        present = self._active
        active = [detector for detector in self._of(symptom) if detector in present]
        own = [detector for detector in active if detector == symptom.identity]
        return max((self.strength.get(detector, symptom.value) for detector in own or active), default=symptom.value)

    def _of(self, symptom: Symptom) -> list[str]:
        return [
            detector for detector in self.present if symptom.is_of(detector, self.accused.get(detector, frozenset()))
        ]

    def _last_seen(self, detector: str) -> int:
        present = self.present[detector]
        return present if present >= self.evaluated_at else self.raw.get(detector, present)
