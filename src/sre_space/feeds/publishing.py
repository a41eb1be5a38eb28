"""Publishes the active symptoms and the reports of all detectors, signed, once a second. Used by Scout's process.

Fixer reads them before it acts; `sre-space status` and the metrics show them.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.service_numbers import numbers_of
from sre_space.codec.symptom_report import SymptomReport, encode
from sre_space.codec.topics import SYMPTOM_REPORTS
from sre_space.domain.detectors import DetectorsReport, DetectorState
from sre_space.domain.errors import SpaceError
from sre_space.ports.bus import Publisher
from sre_space.ports.clock import Clock
from sre_space.ports.reporting import Reporter
from sre_space.ports.signing import Signer

log = logging.getLogger(__name__)

EVERY_S = 1.0


@dataclass
class ReportPublisher:
    """Publishes each evaluation once, dated when it was made; evaluations from before a pause are not published.

    `published_at` is the time of the newest published one (Unix ns); `processes` are those that Scout's feeds know.
    """

    detectors: Detectors
    publisher: Publisher
    signer: Signer
    repository: str
    clock: Clock
    reporter: Reporter
    published_at: int = 0
    processes: Processes = field(default_factory=Processes)
    reports: DetectorReports = field(init=False)

    def __post_init__(self) -> None:
        """Create the one collection of reports that all readers share."""
        self.reports = DetectorReports(self.detectors)

    async def publish_forever(self, owner: Callable[[], bool]) -> None:
        """Publish while `owner` returns True, since another Scout has not received what this one has; never return."""
        while True:
            self.detectors.resume(self.clock.pauses())
            if owner() and self.detectors.evaluated and self.detectors.active_symptoms.evaluated_at > self.published_at:
                await self.publish_report()
            await self.clock.sleep(EVERY_S)

    async def publish_report(self) -> None:
        """Publish the newest evaluation; when the bus does not take it, the next one replaces it."""
        self.published_at, blind = self.detectors.active_symptoms.evaluated_at, self.detectors.telemetry.blind
        report = self._with_numbers(self.reports.at(self.published_at))
        seen, unknown = self.detectors.active_symptoms.seen, self.detectors.unknown
        message = SymptomReport(self.repository, self.published_at, seen, blind, report, unknown)
        value, headers = encode(message, self.signer)
        self.reporter.detectors(report)
        try:
            await self.publisher.publish(SYMPTOM_REPORTS, value, headers=headers)
        except SpaceError as error:
            log.warning("the symptom report could not be published: %s", error)

    def _with_numbers(self, report: DetectorsReport) -> DetectorsReport:
        """Return the report with the numbers of journeys and services, services that are not well first."""
        urgent = dict.fromkeys(row.subject for row in report.detectors if row.state is not DetectorState.OK)
        names = [*(name for name in urgent if name in self.detectors.board), *self.detectors.board]
        services = (numbers_of(name, report, self.detectors, self.processes) for name in dict.fromkeys(names))
        journeys = self.detectors.journeys.items()
        counts = (one.counts.report(name, one.budget, report.at) for name, one in journeys)
        return replace(report, journeys=tuple(counts), services=tuple(services))
