"""The numbers of one service as Scout knows them: requests, memory, restarts, commit. For snapshots and reports."""

from sre_space.agents.scout.detectors import Detectors
from sre_space.agents.scout.processes import Deployed, Processes
from sre_space.agents.scout.saturation_detector import MEMORY, SaturationDetector
from sre_space.analysis.detection.operations import ALL, REPORTED_S
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.domain.detectors import DetectorsReport, ServiceReport
from sre_space.domain.telemetry import SpanKind

SECOND = 10**9


def numbers_of(name: str, report: DetectorsReport, detectors: Detectors, processes: Processes) -> ServiceReport:
    """Return the numbers of a service at the time of the detectors' report; unknown ones are None."""
    memory, limit = report.of(SaturationDetector.kind, name, MEMORY), detectors.resources.get((name, MEMORY))
    requests, heard = _requests(name, report.at, detectors)
    runs = processes.deployed.get(name, Deployed("", 0))
    return ServiceReport(
        name,
        rate=round(requests.count / REPORTED_S, 2) if heard else None,
        errors=round(requests.errors / requests.count, 4) if requests.count else None,
        p95=round(requests.durations.quantile(0.95) / SECOND, 4) if requests.count else None,
        memory=memory.value * limit.resource.limit if memory and limit and memory.value is not None else None,
        memory_limit=limit.resource.limit if limit else processes.memory_limits.get(name),
        restarts=processes.restarts_of(name),
        restarted=processes.restarted.get(name, 0),
        watched=processes.watched,
        commit=runs.commit,
        deployed=runs.at,
    )


def _requests(name: str, now: int, detectors: Detectors) -> tuple[Sketch, bool]:
    """Return a sketch of the requests to the service in the last seconds, and whether any were ever received."""
    watch, recent = detectors.operations.watches.get(Operation(name, SpanKind.SERVER, ALL)), Sketch()
    for sketch in watch.recent(now) if watch else ():
        recent.merge(sketch)
    return recent, watch is not None
