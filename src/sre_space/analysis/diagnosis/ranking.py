"""From findings to ranked suspects: what spans show adds up, what metrics and logs show is first freed of victims.

Spans measure own time and first failures, so the impacts of one service combine as independent
probabilities do. A metric or a log of a service counts its callees' faults too: it weighs as much as its
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

LARGE = 0.25  # of the affected requests: an impact larger than the differences between healthy windows
OWN = (Signal.TIME, Signal.FAILURE, Signal.CHANGE, Signal.LOAD, Signal.STATE, Signal.LIMIT)


@dataclass(frozen=True)
class Suspect:
    """One service with all findings against it, strongest first; `own` is the part that spans or its release prove."""

    service: str
    score: float
    own: float
    findings: tuple[Finding, ...]

    @property
    def kind(self) -> CauseKind:
        """Return the kind of the strongest finding; when that is UNKNOWN, of a large finding with a kind."""
        first, *others = self.findings
        named = (
            finding.kind for finding in others if finding.impact >= LARGE and finding.kind is not CauseKind.UNKNOWN
        )
        return next(named, first.kind) if first.kind is CauseKind.UNKNOWN else first.kind

    @property
    def operation(self) -> str:
        """Return the operation of the strongest finding that names one."""
        return next((finding.operation for finding in self.findings if finding.operation), "")

    @property
    def p_value(self) -> float:
        """Return the smallest p-value of the findings that are large by themselves, else that of the strongest."""
        large = [finding.p_value for finding in self.findings if finding.impact >= LARGE]
        return min(large, default=self.findings[0].p_value)

    @property
    def untied(self) -> float:
        """Return the own part (0 to 1) without the findings of which another service is equally suspect."""
        return combined(
            [
                finding.impact * (1.0 - finding.p_value)
                for finding in self.findings
                if finding.signal in OWN and not finding.tied
            ]
        )

    @property
    def since(self) -> int:
        """Return when the strongest dated finding was first observed (Unix ns); 0 when none is dated."""
        return next((finding.since for finding in self.findings if finding.since), 0)


def rank(findings: Sequence[Finding], graph: CallGraph) -> list[Suspect]:
    """Return the suspects, the worst first."""
    by_service: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        by_service[finding.service].append(finding)
    own = {service: combined(_impacts(group, OWN)) for service, group in by_service.items()}
    indirect = {
        service: max(_impacts(group, (Signal.METRIC, Signal.LOG)), default=0.0) for service, group in by_service.items()
    }
    load = {finding.service: finding.impact for finding in findings if finding.signal is Signal.LOAD}
    suspects = [
        Suspect(service, _score(service, own, indirect, load, graph), own[service], _strongest(group))
        for service, group in by_service.items()
    ]
    return sorted(
        (suspect for suspect in suspects if suspect.score > 0), key=lambda suspect: (-suspect.score, suspect.service)
    )


def combined(impacts: Sequence[float]) -> float:
    """Return the impacts (0 to 1) of one service combined as independent probabilities."""
    return 1.0 - math.prod(1.0 - min(1.0, impact) for impact in impacts)


def _impacts(findings: Sequence[Finding], signals: Sequence[Signal]) -> list[float]:
    """Return the impacts of the findings on some signals, each weighted by its confidence."""
    return [finding.impact * (1.0 - finding.p_value) for finding in findings if finding.signal in signals]


def _score(
    service: str, own: Mapping[str, float], indirect: Mapping[str, float], load: Mapping[str, float], graph: CallGraph
) -> float:
    """Return the suspect's score, 0 to 1."""
    below = [max(own[callee], indirect[callee]) for callee in graph.callees(service) if callee in own]
    above = [impact for source, impact in load.items() if source != service and graph.reaches(source, service)]
    return combined([own[service], indirect[service] * (1.0 - max([*below, *above], default=0.0))])


def _strongest(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return the findings in order of strength.

    A surge that affects requests comes before the slowness that it causes, and spans before metrics and logs.
    """
    return tuple(
        sorted(
            findings,
            key=lambda finding: (
                not _surges(finding),
                finding.signal not in OWN,
                -finding.impact * (1.0 - finding.p_value),
            ),
        )
    )


def _surges(finding: Finding) -> bool:
    return finding.signal is Signal.LOAD and finding.impact >= LARGE
