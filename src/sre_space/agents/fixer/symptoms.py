"""Whether a symptom still holds, according to Scout's newest reports. Asked by Fixer directly before a change."""

from dataclasses import dataclass
from enum import Enum

from sre_space.codec.symptom_report import SymptomReport, decode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.domain.errors import Malformed
from sre_space.domain.symptoms import Symptom
from sre_space.ports.bus import History
from sre_space.ports.clock import Clock
from sre_space.ports.signing import TrustStore

FRESH_NS = 5 * 10**9  # older evidence does not count (docs/safety.md)


class SymptomState(Enum):
    """What Scout's reports say about a symptom now."""

    HOLDS = "holds"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class SymptomReports:
    """Reads Scout's symptom reports of the last five seconds; a report that Scout did not sign does not count.

    Reports from before this process resumed after a pause do not count either: the next one follows within a second.
    """

    history: History
    trust: TrustStore
    repository: str
    clock: Clock

    async def state_of(self, symptom: Symptom, since: int) -> SymptomState:
        """Return whether the symptom holds, is gone, or cannot be known.

        GONE requires that none of the fresh reports shows the symptom, that none leaves it open because telemetry was
        stale or there was nothing to compare with, and that one is from after `since` (Unix ns): reports from before
        Scout detected the symptom say nothing about it. Raise `Unavailable` when the bus does not answer.
        """
        fresh = await self._fresh()
        if any(report.shows(symptom) for report in fresh):
            return SymptomState.HOLDS
        current = any(report.at > since for report in fresh)
        left_open = any(report.leaves_open(symptom) for report in fresh)
        return SymptomState.GONE if current and not left_open else SymptomState.UNKNOWN

    async def _fresh(self) -> list[SymptomReport]:
        """Return the signed reports about this repository that are recent enough to count."""
        now, resumed = self.clock.now(), self.clock.pauses().resumed_at
        reports = []
        for record in await self.history.window(SYMPTOM_REPORTS, now - FRESH_NS, now + FRESH_NS):
            try:
                report = decode(record, self.trust)
            except Malformed:
                continue
            fresh = abs(now - report.at) <= FRESH_NS and report.at >= resumed
            if report.repository == self.repository and fresh:
                reports.append(report)
        return reports
