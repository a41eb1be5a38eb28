"""Does the symptom still hold? Asked right before a change, and answered by what Scout saw a moment ago."""

from dataclasses import dataclass
from enum import Enum

from sre_space.codec.symptom_report import SymptomReport, decode
from sre_space.codec.topics import SIGHTINGS
from sre_space.domain.errors import Malformed
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.ports.bus import History
from sre_space.ports.clock import Clock
from sre_space.ports.signing import TrustStore

FRESH_NS = 5 * 10**9  # evidence that is older is none (docs/safety.md)


class SymptomState(Enum):
    """What is known of a symptom now."""

    HOLDS = "holds"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SymptomReports:
    """Reads Scout's sightings of the last five seconds; what Scout did not sign does not count.

    Nor does what it saw before this process went on after a pause: the next sighting is a second away.
    """

    history: History
    trust: TrustStore
    repository: str
    clock: Clock

    async def standing(self, symptom: Symptom, since: int) -> SymptomState:
        """GONE only when Scout can see, has looked after `since` (Unix ns), and none of its looks shows it.

        Scout tells once a second: its looks from before it found the symptom say nothing of it. `Unavailable` when the
        bus does not answer.
        """
        fresh = await self._fresh()
        if any(symptom.key in symptom_report.seen for symptom_report in fresh):
            return SymptomState.HOLDS
        by_probe = symptom.kind is SymptomKind.INFRASTRUCTURE  # a probe asks neither telemetry nor bus
        seeing = [symptom_report for symptom_report in fresh if by_probe or not symptom_report.blind]
        looked = any(symptom_report.at > since for symptom_report in seeing)
        return SymptomState.GONE if looked and len(seeing) == len(fresh) else SymptomState.UNKNOWN

    async def _fresh(self) -> list[SymptomReport]:
        now, resumed = self.clock.now(), self.clock.pauses().resumed_at
        found = []
        for record in await self.history.window(SIGHTINGS, now - FRESH_NS, now + FRESH_NS):
            try:
                symptom_report = decode(record, self.trust)
            except Malformed:
                continue
            fresh = abs(now - symptom_report.at) <= FRESH_NS and symptom_report.at >= resumed
            if symptom_report.repository == self.repository and fresh:
                found.append(symptom_report)
        return found
