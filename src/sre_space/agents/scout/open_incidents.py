"""The open incidents: what a symptom joins, each with the inhibition that it is. Used by Scout."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sre_space.agents.scout.inhibitions import BEFORE_NS, Inhibitions
from sre_space.analysis.detection.correlation import OpenIncident
from sre_space.analysis.detection.inhibition import STILL_OPEN, Inhibition, Source
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.facts import Detection, Step


@dataclass
class OpenIncidents:
    """The open incidents by key; refreshed by each poll of the forge.

    `inhibitions` are those of all sources. `unlisted` are the incidents opened since the newest poll: the next answer
    may be older than they are. `verified` is when a recovery was verified (Unix ns) that no poll has shown yet.
    """

    inhibitions: Inhibitions = field(default_factory=Inhibitions)
    open: dict[str, OpenIncident] = field(default_factory=dict)
    verified: dict[str, int] = field(default_factory=dict)
    unlisted: set[str] = field(default_factory=set)
    known: bool = False  # True from the first refresh on

    def opened(self, detection: Detection) -> None:
        """Add an incident that was just opened: it counts from its first symptom on, before any poll lists it."""
        self._begin(detection)
        self.unlisted.add(detection.key)
        self.verified.pop(detection.key, None)  # left over from an earlier incident

    def recall(self, cases: Iterable[Case]) -> None:
        """Add the incidents from before this process began: they inhibit what is read back from that time."""
        for case in cases:
            if case.is_open and not case.recovered:
                self._begin(case.detection)
            else:
                self.inhibitions.put(_inhibition(case.detection).ended(_end_of(case)))

    def recovered(self, key: str, at: int) -> None:
        """Note a recovery verified at `at` (Unix ns): the issue may be closed before the next poll."""
        self.verified[key] = at

    def refresh(self, cases: Iterable[Case], now: int) -> None:
        """Take over the open incidents that the forge lists at `now` (Unix ns); the others have ended.

        An incident that was opened during the poll is not listed yet: the next poll decides.
        """
        self.known = True
        unrecovered = {case.detection.key: case for case in cases if not case.recovered}
        recovered = {case.detection.key: case for case in cases if case.recovered}
        just_opened = self.unlisted - recovered.keys() - self.verified.keys()
        for key in [key for key in self.open if key not in unrecovered and key not in just_opened]:
            case = recovered.get(key)
            self._end(key, _end_of(case) if case else self.verified.pop(key, now))
        for case in unrecovered.values():
            self._begin(case.detection, waits_for_people(case))
        self.unlisted.clear()
        self.inhibitions.forget(now)

    def _begin(self, detection: Detection, waits: bool = False) -> None:
        inhibition = _inhibition(detection)
        service = detection.symptoms[0].service
        self.open[detection.key] = OpenIncident(detection.key, service, detection.since, waits, detection.titled)
        self.inhibitions.put(inhibition, self.inhibitions.incident(detection.key))

    def _end(self, key: str, at: int) -> None:
        del self.open[key]
        if inhibition := self.inhibitions.incident(key):
            self.inhibitions.put(inhibition.ended(at), inhibition)


def _inhibition(detection: Detection) -> Inhibition:
    """Return the inhibition of an open incident, from its first symptom on without an end.

    Attempts are excused from shortly before the fault may have begun.
    """
    services, lead = frozenset({detection.symptoms[0].service}), detection.since - detection.begun + BEFORE_NS
    return Inhibition(detection.since, STILL_OPEN, services, Source.INCIDENT, detection.key, lead)


def _end_of(case: Case) -> int:
    """Return when the recovery was verified, or else the time of the newest fact (Unix ns)."""
    return (case.fact_of(Step.VERIFY) or case.last).at
