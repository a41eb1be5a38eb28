"""What a detector of one kind of symptom answers; the modules named `*_detector.py` and `*_detectors.py` implement it.

`detectors.py` holds one for each kind. Scout asks it when it detects, verifies and reports, and asks nothing else
about a kind.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from sre_space.agents.scout.active_symptoms import ActiveSymptoms
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.flapping import Seen
from sre_space.analysis.detection.inhibition import Inhibition, Scope
from sre_space.analysis.statistics.detection_delay import seconds_to_alarm
from sre_space.domain.dependencies import Calls, reach
from sre_space.domain.detectors import DetectorReport
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
SERVING_DEADLINE_NS = 20 * SECOND  # an action after which the symptom is still there did not help
MAX_WAIT_S = 45.0  # for a detector to see the fault again; less than the deadline

Row = tuple[Seen, DetectorReport]  # a report, with the name that damping knows its alarm by


@dataclass(frozen=True)
class Detector(ABC):
    """The detector of one kind; the answers given here are those of most kinds.

    `action_deadline_ns` is how long after an action the symptom may last before the action counts as no help.
    """

    active: ActiveSymptoms
    calls: Calls
    kind: ClassVar[SymptomKind]
    action_deadline_ns: ClassVar[int] = SERVING_DEADLINE_NS

    @abstractmethod
    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return the alarms that fire at `now` (Unix ns): since when, and how strong."""

    @abstractmethod
    def rows(self, now: int) -> Iterator[Row]:
        """Yield the reports at `now` (Unix ns) of everything that is watched."""

    @property
    def needs_telemetry(self) -> bool:
        """Return True when it is blind while telemetry is stale."""
        return not self.kind.is_seen_by_probes

    def scope(self, subject: str) -> Scope:
        """Return the services of which an inhibition applies to a subject: itself and all that it depends on."""
        return reach(subject, self.calls)

    def recall(self, symptoms: Sequence[Symptom]) -> None:
        """Take over what the symptoms of open incidents were compared with, as far as it is not learnt."""
        return

    def is_current(self, symptom: Symptom) -> bool:
        """Return True when what was observed since a pause says whether the symptom is there."""
        return True

    @abstractmethod
    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once this process has evaluated the detector: before, the symptom is unknown and never gone."""

    def gone_since(self, symptom: Symptom) -> int:
        """Return since when the detector does not see the symptom (Unix ns); 0 while it does."""
        last_seen = self.active.gone_since(symptom)
        return 0 if last_seen >= self.active.evaluated_at else max(last_seen, 1)

    def holds_without_telemetry(self, symptom: Symptom) -> bool:
        """Return True when the symptom is there, as far as that can be seen without telemetry."""
        return False

    def hides(self, symptom: Symptom) -> bool:
        """Return True when what it sees now keeps another detector from seeing the symptom, which is not gone then."""
        return False

    def detail(self, symptom: Symptom) -> str:
        """Return what the detector says about the symptom that is still there."""
        return symptom.detail

    def seconds_to_see(self, symptom: Symptom, rate: float) -> float:
        """Return how many seconds the detector would need to see the fault again, at `rate` attempts a second."""
        return 0.0

    def strength(self, symptom: Symptom) -> float | None:
        """Return how strong the symptom is now, where half of it says something about an action; None elsewhere."""
        return None


@dataclass(frozen=True)
class ShareDetector(Detector):
    """A detector of the share of bad tries: a symptom's value and limit are such shares, 0 to 1."""

    def bad_share(self, share: float) -> float:
        """Return the share of bad tries in a symptom's value or limit."""
        return share

    def seconds_to_see(self, symptom: Symptom, rate: float) -> float:
        """Return the mean delay of the sequential test for the share that was detected."""
        return min(MAX_WAIT_S, seconds_to_alarm(rate, self.bad_share(symptom.value), self.bad_share(symptom.limit)))

    def strength(self, symptom: Symptom) -> float | None:
        """Return the share of bad tries."""
        return self.active.strength_of(symptom)
