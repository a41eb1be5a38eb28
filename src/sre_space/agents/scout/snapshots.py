"""The snapshot of an incident: what Scout knows of every service when it opens one, without asking anything."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from sre_space.agents.scout.outage_detector import OutageDetector
from sre_space.agents.scout.processes import Deployed, Processes
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.saturation_detector import CPU, MEMORY, SaturationDetector
from sre_space.analysis.detection.operations import ALL, REPORTED_S
from sre_space.analysis.statistics.sketch import Operation, Sketch
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.facts import Detection
from sre_space.domain.snapshot import ServiceSnapshot, Snapshot
from sre_space.domain.telemetry import SpanKind
from sre_space.text.error_lines import ErrorLine

SECOND = 10**9
BEFORE_NS = 60 * SECOND  # of linked traces before the fault, for comparison
MAX_TRACES = 20
MAX_SERVICES = 20
MAX_LINK = 400  # characters


@dataclass(frozen=True)
class Snapshots:
    """Takes snapshots from the detectors' reports and the known processes.

    `jaeger` is the base URL of Jaeger ("": no links).
    """

    reports: DetectorReports
    processes: Processes = field(default_factory=Processes)
    jaeger: str = ""

    def take(self, detection: Detection, now: int) -> Snapshot:
        """Return the state of the services at `now` (Unix ns), with those of the incident first."""
        report, since = self.reports.at(now), detection.begun - BEFORE_NS
        about = [symptom.service for symptom in detection.symptoms]
        names = [*dict.fromkeys(name for name in about if name in detection.health)]
        names += [name for name in detection.health if name not in names]
        rows = tuple(self._service(name, detection.health[name], report, since) for name in names[:MAX_SERVICES])
        return Snapshot(rows, since, now, len(names) - len(rows))

    def _service(self, name: str, word: str, report: DetectorsReport, since: int) -> ServiceSnapshot:
        probe = report.of(OutageDetector.kind, name)
        memory, cpu = (report.of(SaturationDetector.kind, name, resource) for resource in (MEMORY, CPU))
        limit = self.reports.detectors.resources.get((name, MEMORY))
        requests, heard = self._requests(name, report.at)
        processes = self.processes
        runs = processes.deployed.get(name, Deployed("", 0))
        return ServiceSnapshot(
            service=name,
            state=_state(word, name, report),
            since=probe.since if probe else 0,
            restarts=processes.restarts_of(name),
            restarted=processes.restarted.get(name, 0),
            watched=processes.watched,
            memory=memory.value * limit.resource.limit if memory and limit and memory.value is not None else None,
            memory_limit=limit.resource.limit if limit else processes.memory_limits.get(name),
            cpu=cpu.value if cpu else None,
            rate=round(requests.count / REPORTED_S, 2) if heard else None,
            errors=round(requests.errors / requests.count, 4) if requests.count else None,
            p95=round(requests.durations.quantile(0.95) / SECOND, 4) if requests.count else None,
            seconds=REPORTED_S,
            commit=runs.commit,
            deployed=runs.at,
            lines=tuple(map(_dated, processes.lines.get(name, ()))),
            traces=self._link(name, since, report.at),
        )

    def _requests(self, name: str, now: int) -> tuple[Sketch, bool]:
        """Return a sketch of the requests to the service in the last seconds, and whether any were ever received."""
        watch, recent = self.reports.detectors.operations.watches.get(Operation(name, SpanKind.SERVER, ALL)), Sketch()
        for sketch in watch.recent(now) if watch else ():
            recent.merge(sketch)
        return recent, watch is not None

    def _link(self, name: str, since: int, until: int) -> str:
        """Return the URL of a Jaeger search with absolute times; "" without Jaeger, or when the URL is too long."""
        query = {"service": name, "start": since // 1000, "end": until // 1000, "limit": MAX_TRACES}
        link = f"{self.jaeger.rstrip('/')}/search?{urlencode(query | {'lookback': 'custom'})}"
        return link if self.jaeger and len(link) <= MAX_LINK else ""


def _dated(line: ErrorLine) -> str:
    at = datetime.fromtimestamp(line.at // SECOND, UTC).strftime("%H:%M:%S ") if line.at else ""
    return f"{at}{line.text}"


def _state(word: str, name: str, report: DetectorsReport) -> str:
    others = sorted(kind.lower() for kind in report.firing(name) if kind is not OutageDetector.kind)  # `word` says it
    return ", ".join([word, *(f"{kind} alarm" for kind in others)])
