"""From findings to ranked causes: what spans show adds up, what metrics and logs show is first freed of victims.

Spans measure own time and first failures, so the harms of one service combine as independent
chances do. A metric or a log of a service counts its callees' faults too: it weighs as much as its
worst callee, or a surge of requests above it, leaves unexplained (the anomaly passed along the
calls, as in MicroHECL, Liu et al., ICSE-SEIP 2021, and Groot, Wang et al., ASE 2021).
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import CallGraph
from sre_space.domain.diagnosis import CauseKind

LARGE = 0.25  # of the affected requests: a harm that is more than healthy windows differ by
OWN = (Signal.TIME, Signal.FAILURE, Signal.CHANGE, Signal.LOAD, Signal.STATE, Signal.LIMIT)


@dataclass(frozen=True)
class Suspect:
    """One service with everything against it, strongest first. `own` is the part that spans or its release prove."""

    service: str
    score: float
    own: float
    findings: tuple[Finding, ...]

    @property
    def kind(self) -> CauseKind:
        """The kind of the strongest finding; when that has none, of a large one that has."""
        first, *others = self.findings
        named = (one.kind for one in others if one.impact >= LARGE and one.kind is not CauseKind.UNKNOWN)
        return next(named, first.kind) if first.kind is CauseKind.UNKNOWN else first.kind

    @property
    def operation(self) -> str:
        """The operation of the strongest finding that names one."""
        return next((finding.operation for finding in self.findings if finding.operation), "")

    @property
    def p_value(self) -> float:
        """The smallest chance of a finding that is large by itself, else that of its strongest."""
        large = [finding.p_value for finding in self.findings if finding.impact >= LARGE]
        return min(large, default=self.findings[0].p_value)

    @property
    def settled(self) -> float:
        """What is left of its own part without the findings of which another service is as suspect."""
        return together(
            [one.impact * (1.0 - one.p_value) for one in self.findings if one.sense in OWN and not one.tied]
        )

    @property
    def since(self) -> int:
        """When its strongest finding was first seen."""
        return next((finding.since for finding in self.findings if finding.since), 0)


def rank(findings: Sequence[Finding], graph: CallGraph) -> list[Suspect]:
    """Suspects, worst first."""
    by_service: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_service[finding.service].append(finding)
    own = {service: together(_impacts(found, OWN)) for service, found in by_service.items()}
    told = {
        service: max(_impacts(found, (Signal.METRIC, Signal.LOG)), default=0.0) for service, found in by_service.items()
    }
    load = {finding.service: finding.impact for finding in findings if finding.sense is Signal.LOAD}
    suspects = [
        Suspect(service, _score(service, own, told, load, graph), own[service], _strongest(found))
        for service, found in by_service.items()
    ]
    return sorted((one for one in suspects if one.score > 0), key=lambda one: (-one.score, one.service))


def together(impacts: Sequence[float]) -> float:
    """Harms of one service as independent chances."""
    return 1.0 - math.prod(1.0 - min(1.0, impact) for impact in impacts)


def _impacts(found: Sequence[Finding], consumer: Sequence[Signal]) -> list[float]:
    return [finding.impact * (1.0 - finding.p_value) for finding in found if finding.sense in consumer]


def _score(
    service: str, own: Mapping[str, float], told: Mapping[str, float], load: Mapping[str, float], graph: CallGraph
) -> float:
    below = [max(own[callee], told[callee]) for callee in graph.callees(service) if callee in own]
    above = [impact for source, impact in load.items() if source != service and graph.reaches(source, service)]
    return together([own[service], told[service] * (1.0 - max([*below, *above], default=0.0))])


def _strongest(found: Sequence[Finding]) -> tuple[Finding, ...]:
    """A surge that hurts before what it makes slow there, what spans show before what is told, the largest first."""
    return tuple(
        sorted(found, key=lambda one: (not _surges(one), one.sense not in OWN, -one.impact * (1.0 - one.p_value)))
    )


def _surges(finding: Finding) -> bool:
    return finding.sense is Signal.LOAD and finding.impact >= LARGE
