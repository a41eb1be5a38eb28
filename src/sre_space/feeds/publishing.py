"""Scout tells once a second what it sees, and what all its detectors say, signed. Used by Scout's process.

Fixer asks there before it acts; `sre-space status` and the metrics show it.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.reports import DetectorReports
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.topics import SIGHTINGS
from sre_space.domain.errors import SpaceError
from sre_space.ports.bus import Publisher
from sre_space.ports.clock import Clock
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer

log = logging.getLogger(__name__)

EVERY_S = 1.0


@dataclass
class ReportPublisher:
    """What was seen is as old as the look at it, however late it is told; looks from before a pause are not told."""

    detectors: Detectors
    publisher: Publisher
    signer: Signer
    repository: str
    clock: Clock
    reporter: Reporter
    told: int = 0
    reports: DetectorReports = field(init=False)

    def __post_init__(self) -> None:
        """One report, for all who read it."""
        self.reports = DetectorReports(self.detectors)

    async def tell_for_ever(self, owner: Callable[[], bool]) -> None:
        """While `owner` says that it is ours to judge: another Scout has not heard what this one has."""
        while True:
            self.detectors.resume(self.clock.pauses())
            if owner() and self.detectors.looked and self.detectors.active_symptoms.looked_at > self.told:
                await self.tell()
            await self.clock.sleep(EVERY_S)

    async def tell(self) -> None:
        """The latest look; one that the bus does not take is told by the next."""
        self.told, blind = self.detectors.active_symptoms.looked_at, self.detectors.telemetry.blind
        report = self.reports.at(self.told)
        symptom_report = SymptomReport(self.repository, self.told, self.detectors.active_symptoms.seen, blind, report)
        value, headers = encode(symptom_report, self.signer)
        self.reporter.detectors(report)
        try:
            await self.publisher.publish(SIGHTINGS, value, headers=headers)
        except SpaceError as error:
            log.warning("what is seen now could not be told: %s", error)
