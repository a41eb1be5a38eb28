"""Does the symptom still hold? Asked right before a change, and answered by what Scout saw a moment ago."""

from dataclasses import dataclass
from enum import Enum

from sre_space.codec.symptom_report import Sighting, decode
from sre_space.codec.topics import SIGHTINGS
from sre_space.domain.errors import Malformed
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.ports.bus import History
from sre_space.ports.clock import Clock
from sre_space.ports.signing import TrustStore

FRESH_NS = 5 * 10**9  # evidence that is older is none (docs/safety.md)


class Standing(Enum):
    """What is known of a symptom now."""

    HOLDS = "holds"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Symptoms:
    """Reads Scout's sightings of the last five seconds; what Scout did not sign does not count.

    Nor does what it saw before this process went on after a pause: the next sighting is a second away.
    """

    history: History
    trust: TrustStore
    repository: str
    clock: Clock

    async def standing(self, symptom: Symptom, since: int) -> Standing:
        """GONE only when Scout can see, has looked after `since` (Unix ns), and none of its looks shows it.

        Scout tells once a second: its looks from before it found the symptom say nothing of it. `Unavailable` when the
        bus does not answer.
        """
        fresh = await self._fresh()
        if any(symptom.key in sighting.seen for sighting in fresh):
            return Standing.HOLDS
        by_probe = symptom.kind is SymptomKind.INFRASTRUCTURE  # a probe asks neither telemetry nor bus
        seeing = [sighting for sighting in fresh if by_probe or not sighting.blind]
        looked = any(sighting.at > since for sighting in seeing)
        return Standing.GONE if looked and len(seeing) == len(fresh) else Standing.UNKNOWN

    async def _fresh(self) -> list[Sighting]:
        now, resumed = self.clock.now(), self.clock.pauses().resumed_at
        found = []
        for record in await self.history.window(SIGHTINGS, now - FRESH_NS, now + FRESH_NS):
            try:
                sighting = decode(record, self.trust)
            except Malformed:
                continue
            fresh = abs(now - sighting.at) <= FRESH_NS and sighting.at >= resumed
            if sighting.repository == self.repository and fresh:
                found.append(sighting)
        return found
