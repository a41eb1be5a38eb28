"""The detector of resources that run out, over the resources of all services (`analysis/detection/saturation.py`)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sre_space.agents.scout.detector import Detector, Row
from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.inhibition import Inhibition
from sre_space.analysis.detection.saturation import Saturation
from sre_space.domain.detectors import DetectorReport, DetectorState
from sre_space.domain.symptoms import Symptom, SymptomKind

MEMORY, CPU = "memory", "CPU"  # that every process has
NO_SAMPLE = "no sample was received, or its limit is not known"


@dataclass(frozen=True)
class SaturationDetector(Detector):
    """The detector of resources that run out; `resources` are known by service and name."""

    resources: Mapping[tuple[str, str], Saturation]
    services: Sequence[str]
    kind = SymptomKind.SATURATION

    def alarms(self, now: int, inhibitions: Sequence[Inhibition]) -> Sequence[FiredAlarm]:
        """Return an alarm for each resource at its limit, or soon at it."""
        return [alarm for detector in self.resources.values() for alarm in detector.findings()]

    def is_evaluated(self, symptom: Symptom) -> bool:
        """Return True once the resource was measured; a symptom that names none may be of any of its service.

        The limit of the memory is known later than the rest.
        """
        of_service = {name for service, name in self.resources if service == symptom.service}
        named = {name for name in of_service if self.kind.of(symptom.service, name) == symptom.detector}
        return bool(named) if symptom.detector else MEMORY in of_service

    def rows(self, now: int) -> Iterator[Row]:
        """Yield the report of each resource; those that every process has are listed from the start."""
        for name, detector in self.resources.items():
            yield (self.kind, name), detector.report(now)
        for service in self.services:
            for resource in (MEMORY, CPU):
                if (service, resource) not in self.resources:
                    unknown = DetectorReport(self.kind, service, DetectorState.UNKNOWN, resource, why=NO_SAMPLE)
                    yield (self.kind, (service, resource)), unknown
