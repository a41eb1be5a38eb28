"""The snapshot of an incident: what Scout knows of every service when it opens one, without asking anything."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlencode

from sre_space.agents.scout.outage_detector import OutageDetector
from sre_space.agents.scout.processes import Processes
from sre_space.agents.scout.reports import DetectorReports
from sre_space.agents.scout.saturation_detector import CPU, SaturationDetector
from sre_space.agents.scout.service_numbers import numbers_of
from sre_space.analysis.detection.operations import REPORTED_S
from sre_space.domain.detectors import DetectorsReport
from sre_space.domain.facts import Detection
from sre_space.domain.snapshot import ServiceSnapshot, Snapshot
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
        probe, cpu = report.of(OutageDetector.kind, name), report.of(SaturationDetector.kind, name, CPU)
        numbers = numbers_of(name, report, self.reports.detectors, self.processes)
        return ServiceSnapshot(
            service=name,
            state=_state(word, name, report),
            since=probe.since if probe else 0,
            restarts=numbers.restarts,
            restarted=numbers.restarted,
            watched=numbers.watched,
            memory=numbers.memory,
            memory_limit=numbers.memory_limit,
            cpu=cpu.value if cpu else None,
            rate=numbers.rate,
            errors=numbers.errors,
            p95=numbers.p95,
            seconds=REPORTED_S,
            commit=numbers.commit,
            deployed=numbers.deployed,
            lines=tuple(map(_dated, self.processes.lines.get(name, ()))),
            traces=self._link(name, since, report.at),
        )

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
