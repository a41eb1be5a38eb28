"""Symptoms to incidents: what hangs together on one dependency path is one incident, and only culprits are accused.

Pure: findings, the dependency graph, announced windows and open incidents in, groups out. Scout opens an incident for
each group that joins none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.callers import with_common_callers
from sre_space.analysis.detection.inhibition import Inhibition, touching
from sre_space.analysis.detection.telemetry_health import TelemetryHealth
from sre_space.domain.dependencies import Calls, reach
from sre_space.domain.symptoms import SymptomKind

SECOND = 10**9
PATIENCE_NS = 5 * SECOND  # a victim waits for its culprit's own alarm
JOURNEY_PATIENCE_NS = 8 * SECOND  # so does a journey, longer: it has no side of its own
CONVERSION_PATIENCE_NS = 6 * SECOND  # of these most have passed when a cohort has decided
LINKED_NS = 120 * SECOND  # what begins later than that after an incident's first symptom is no sign of a lesser one
TITLE: Mapping[SymptomKind, int] = {kind: rank for rank, kind in enumerate((
    SymptomKind.INFRASTRUCTURE, SymptomKind.SATURATION, SymptomKind.ERROR,
    SymptomKind.LATENCY, SymptomKind.CONVERSION, SymptomKind.SLO,
))}  # fmt: skip


@dataclass(frozen=True)
class SymptomGroup:
    """Findings of one incident. `service` is accused, or the journey's name when nobody is.

    `joins` is the key of the open incident (or the case of the window) that the group belongs to, "" for a new one.
    `quiet`: it began inside an announced window, so nothing is opened.
    """

    kind: SymptomKind
    service: str
    findings: tuple[FiredAlarm, ...]
    joins: str = ""
    quiet: bool = False

    @property
    def key(self) -> str:
        """One open incident for each key, as in `infrastructure/policy-service`."""
        return self.kind.of(self.service)

    @property
    def since(self) -> int:
        """When the first symptom began, Unix ns."""
        return min(finding.symptom.since for finding in self.findings)


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not yet recovered: the service (or journey) in its title, its first symptom (Unix ns).

    `waits`: for a person; the doctor has done what it could.
    """

    key: str
    service: str
    since: int
    waits: bool = False


@dataclass(frozen=True)
class SystemView:
    """What is known besides the findings."""

    calls: Calls
    open: Sequence[OpenIncident] = ()
    windows: Sequence[Inhibition] = ()
    telemetry: TelemetryHealth = TelemetryHealth()


def correlate(findings: Iterable[FiredAlarm], scene: SystemView, now: int) -> list[SymptomGroup]:
    """The groups that the findings make now (Unix ns), oldest first."""
    visible = sorted((finding for finding in findings if _visible(finding, scene.telemetry)), key=_order)
    planned = [finding for finding in visible if _is_planned(finding, scene)]
    news = [finding for finding in visible if finding not in planned]
    clusters = [*_together(news, scene.calls, now), *_together(planned, scene.calls, now)]
    return [_group(cluster, scene) for cluster in sorted(clusters, key=_since)]


def _is_planned(finding: FiredAlarm, scene: SystemView) -> bool:
    """Of a deployment. Damped, it outlasts it, and what a deployment broke must not hide behind it."""
    windows = [window for window in _windows(finding, scene) if not window.case]
    return any(window.explains(finding.symptom.since) for window in windows)


def _together(found: Sequence[FiredAlarm], calls: Calls, now: int) -> list[list[FiredAlarm]]:
    """What belongs together: each cluster has a culprit, or has waited for one in vain."""
    seen = with_common_callers([_charged(finding, found) for finding in found])
    journeys = [finding for finding in seen if finding.journey]
    victims = [finding for finding in seen if not finding.journey and not finding.accuses]
    clusters = _outages_apart(_clusters((finding for finding in seen if finding.accuses), calls), calls)
    lonely = [finding for finding in victims if not _attach(finding, clusters, calls)]
    clusters += _clusters([finding for finding in lonely if now - finding.fired >= PATIENCE_NS], calls)
    clusters.sort(key=_since)
    if clusters:
        clusters[0] += journeys
    elif due := [finding for finding in journeys if now - finding.fired >= _patience(finding)]:
        clusters = [due]
    return clusters


def _outages_apart(clusters: Sequence[list[FiredAlarm]], calls: Calls) -> list[list[FiredAlarm]]:
    """Each service that is out by itself has a cluster of its own: it takes a restart of its own to mend it.

    What else was found goes to the first of those on its path.
    """
    apart: list[list[FiredAlarm]] = []
    for cluster in clusters:
        outages = [[finding] for finding in cluster if _is_outage(finding)]
        if len(outages) < 2:
            apart.append(cluster)
            continue
        outages.sort(key=lambda one: _merit(one[0], calls))
        for finding in cluster:
            if not _is_outage(finding):
                near = [one for one in outages if _on_path(finding, one[0], calls)]
                (near or outages)[0].append(finding)
        apart += outages
    return apart


def _is_outage(finding: FiredAlarm) -> bool:
    """True for a service that does not answer, on its own evidence."""
    return finding.accuses and finding.symptom.kind is SymptomKind.INFRASTRUCTURE


def _patience(finding: FiredAlarm) -> int:
    sales = finding.symptom.kind is SymptomKind.CONVERSION
    return CONVERSION_PATIENCE_NS if sales else JOURNEY_PATIENCE_NS


def _order(finding: FiredAlarm) -> tuple[int, str, int, str]:
    """The answer must not depend on the order in which detectors were asked."""
    symptom = finding.symptom
    return symptom.since, symptom.service, TITLE[symptom.kind], finding.operation


def _visible(finding: FiredAlarm, telemetry: TelemetryHealth) -> bool:
    """When telemetry is blind, probes still see."""
    return not telemetry.blind or finding.symptom.kind is SymptomKind.INFRASTRUCTURE


def _charged(finding: FiredAlarm, seen: Sequence[FiredAlarm]) -> FiredAlarm:
    """A call to a service that is itself accused is that service's doing, whatever its spans could tell."""
    accused = {one.symptom.service for one in seen if one.accuses and not one.callee}
    return replace(finding, explained=1.0) if finding.callee in accused else finding


def _clusters(findings: Iterable[FiredAlarm], calls: Calls) -> list[list[FiredAlarm]]:
    """Findings that are linked by dependency paths, directly or through each other."""
    clusters: list[list[FiredAlarm]] = []
    for finding in findings:
        near = [cluster for cluster in clusters if any(_on_path(finding, one, calls) for one in cluster)]
        clusters = [cluster for cluster in clusters if cluster not in near]
        clusters.append([finding, *(one for cluster in near for one in cluster)])
    return clusters


def _on_path(one: FiredAlarm, other: FiredAlarm, calls: Calls) -> bool:
    return _related(one.symptom.service, other.symptom.service, calls)


def _related(one: str, other: str, calls: Calls) -> bool:
    return other in reach(one, calls) or one in reach(other, calls)


def _attach(victim: FiredAlarm, clusters: Sequence[list[FiredAlarm]], calls: Calls) -> bool:
    """Put a victim to culprits on its path, of its own kind if there are such; False when there are none."""
    near = [cluster for cluster in clusters if any(_on_path(victim, one, calls) for one in cluster)]
    if near:
        alike = [cluster for cluster in near if any(one.symptom.kind is victim.symptom.kind for one in cluster)]
        min(alike or near, key=_since).append(victim)
    return bool(near)


def _since(cluster: Sequence[FiredAlarm]) -> int:
    return min(finding.symptom.since for finding in cluster)


def _group(cluster: Sequence[FiredAlarm], scene: SystemView) -> SymptomGroup:
    """Titled by the culprit deepest in the graph among those of the gravest kind."""
    first = min(cluster, key=lambda finding: _merit(finding, scene.calls))
    kind, service = first.symptom.kind, first.symptom.service
    findings = tuple(sorted(cluster, key=lambda finding: finding.symptom.since))
    news = {one.key for one in scene.open if _outranks(first, one, scene.calls)}
    planned = [one for one in _windows(first, scene) if one.explains(first.symptom.since) and one.case not in news]
    cases = [window.case for window in planned if window.case]
    joined = [one.key for one in scene.open if one.key not in news and _belongs(first, one, scene.calls)]
    return SymptomGroup(kind, service, findings, next(iter([*joined, *cases]), ""), bool(planned))


def _merit(finding: FiredAlarm, calls: Calls) -> tuple[bool, int, int, int]:
    symptom = finding.symptom
    return not finding.accuses, TITLE[symptom.kind], len(reach(symptom.service, calls)), symptom.since


def _windows(finding: FiredAlarm, scene: SystemView) -> Sequence[Inhibition]:
    """Any work on any service excuses the journey; only work on itself excuses a service that is out."""
    if finding.journey:
        return scene.windows
    calls = {} if _is_outage(finding) else scene.calls
    return touching(scene.windows, finding.symptom.service, calls)


def _outranks(finding: FiredAlarm, incident: OpenIncident, calls: Calls) -> bool:
    """True for an outage that no other incident mends, and for an accusation that came long after a journey's.

    An incident may have waited for a person since yesterday; it must not hide what breaks today.
    """
    symptom = finding.symptom
    late = symptom.since - incident.since > LINKED_NS
    if incident.key == symptom.key:
        return False
    if symptom.kind is SymptomKind.INFRASTRUCTURE:
        return incident.service != symptom.service or incident.waits or late
    return incident.service not in calls and finding.accuses and late


def _belongs(finding: FiredAlarm, incident: OpenIncident, calls: Calls) -> bool:
    """A journey's incident and any other on the same journey are one; services must be on one path."""
    return (
        finding.journey or incident.service not in calls or _related(finding.symptom.service, incident.service, calls)
    )
