"""Symptoms to incidents: symptoms on one dependency path form one incident, and only culprits are accused.

Pure: alarms, the dependency graph, inhibitions and open incidents in, groups out. Scout opens an incident for
each group that joins no open one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.analysis.detection.callers import with_common_callers
from sre_space.analysis.detection.inhibition import EVERYTHING, Inhibition, Scope, applying
from sre_space.domain.dependencies import Calls, reach
from sre_space.domain.symptoms import Symptom, SymptomKind

SECOND = 10**9
LINKED_NS = 120 * SECOND  # a symptom that begins later after an incident's first one is a new incident


@dataclass(frozen=True)
class SymptomGroup:
    """The alarms of one incident. `service` is accused, or is the journey's name when no service is accused.

    `joins` is the key of the open incident (or the case of the inhibition) that the group belongs to, "" for a new one.
    A group whose symptom began inside an inhibition opens no incident.
    """

    kind: SymptomKind
    service: str
    findings: tuple[FiredAlarm, ...]
    joins: str = ""
    inhibited: bool = False

    @property
    def key(self) -> str:
        """Return the incident's key, as in `infrastructure/checkout`; one incident a key is open at a time."""
        return self.kind.of(self.service)

    @property
    def since(self) -> int:
        """Return when the first symptom began, Unix ns."""
        return min(finding.symptom.since for finding in self.findings)


@dataclass(frozen=True)
class OpenIncident:
    """An incident that is not yet recovered: the service (or journey) in its title, its first symptom (Unix ns).

    `waits`: the incident waits for a person, because the agents can do no more. `symptoms` are those in its title.
    """

    key: str
    service: str
    since: int
    waits: bool = False
    symptoms: tuple[Symptom, ...] = ()


@dataclass(frozen=True)
class SystemView:
    """What correlation knows besides the alarms: the call graph, open incidents and inhibitions."""

    calls: Calls
    open: Sequence[OpenIncident] = ()
    windows: Sequence[Inhibition] = ()


def correlate(findings: Iterable[FiredAlarm], view: SystemView, now: int) -> list[SymptomGroup]:
    """Return the groups that the alarms form now (Unix ns), oldest first."""
    ordered = sorted(findings, key=_order)
    planned = [finding for finding in ordered if _is_planned(finding, view)]
    unplanned = [finding for finding in ordered if finding not in planned]
    clusters = [*_together(unplanned, view.calls, now), *_together(planned, view.calls, now)]
    return [_group(cluster, view) for cluster in sorted(clusters, key=_since)]


def _is_planned(finding: FiredAlarm, view: SystemView) -> bool:
    """Return True when a deployment explains the alarm.

    A damped alarm outlasts its deployment, and what a deployment broke must not hide behind it.
    """
    windows = applying(view.windows, _scope(finding, view.calls))
    return any(window.is_work and window.explains(finding.symptom.since) for window in windows)


def _together(alarms: Sequence[FiredAlarm], calls: Calls, now: int) -> list[list[FiredAlarm]]:
    """Return clusters of alarms that belong together: each has a culprit, or waited for one in vain."""
    seen = with_common_callers([_charged(finding, alarms) for finding in alarms])
    journeys = [finding for finding in seen if finding.journey]
    victims = [finding for finding in seen if not finding.journey and not finding.accuses]
    clusters = _apart(_clusters((finding for finding in seen if finding.accuses), calls), calls)
    unattached = [finding for finding in victims if not _attach(finding, clusters, calls)]
    clusters += _clusters([finding for finding in unattached if now - finding.fired >= finding.patience], calls)
    clusters.sort(key=_since)
    if clusters:
        clusters[0] += journeys
    elif due := [finding for finding in journeys if now - finding.fired >= finding.patience]:
        clusters = [due]
    return clusters


def _apart(clusters: Sequence[list[FiredAlarm]], calls: Calls) -> list[list[FiredAlarm]]:
    """Give each alarm that is an incident of its own a cluster of its own.

    The other alarms of the cluster join the first of them on their path.
    """
    apart: list[list[FiredAlarm]] = []
    for cluster in clusters:
        singles = [[finding] for finding in cluster if _stands_alone(finding)]
        if len(singles) < 2:
            apart.append(cluster)
            continue
        singles.sort(key=lambda single: _merit(single[0], calls))
        for finding in cluster:
            if not _stands_alone(finding):
                near = [single for single in singles if _on_path(finding, single[0], calls)]
                (near or singles)[0].append(finding)
        apart += singles
    return apart


def _stands_alone(finding: FiredAlarm) -> bool:
    """Return True for an incident of its own, on the service's own evidence."""
    return finding.accuses and finding.alone


def _order(finding: FiredAlarm) -> tuple[int, str, int, str]:
    """Return the sort key of an alarm: the result must not depend on the order of the detectors."""
    symptom = finding.symptom
    return symptom.since, symptom.service, symptom.kind.gravity, finding.operation


def _charged(finding: FiredAlarm, seen: Sequence[FiredAlarm]) -> FiredAlarm:
    """Return the alarm as explained when its callee is accused itself: the call fails because of the callee."""
    accused = {other.symptom.service for other in seen if other.accuses and not other.callee}
    return replace(finding, explained=1.0) if finding.callee in accused else finding


def _clusters(findings: Iterable[FiredAlarm], calls: Calls) -> list[list[FiredAlarm]]:
    """Return alarms clustered by dependency paths, directly or through each other."""
    clusters: list[list[FiredAlarm]] = []
    for finding in findings:
        near = [cluster for cluster in clusters if any(_on_path(finding, other, calls) for other in cluster)]
        clusters = [cluster for cluster in clusters if cluster not in near]
        clusters.append([finding, *(other for cluster in near for other in cluster)])
    return clusters


def _on_path(finding: FiredAlarm, other: FiredAlarm, calls: Calls) -> bool:
    return _related(finding.symptom.service, other.symptom.service, calls)


def _related(service: str, other: str, calls: Calls) -> bool:
    return other in reach(service, calls) or service in reach(other, calls)


def _attach(victim: FiredAlarm, clusters: Sequence[list[FiredAlarm]], calls: Calls) -> bool:
    """Add a victim to the culprits on its path, preferably of its own kind; return False when there are none."""
    near = [cluster for cluster in clusters if any(_on_path(victim, finding, calls) for finding in cluster)]
    if near:
        alike = [cluster for cluster in near if any(finding.symptom.kind is victim.symptom.kind for finding in cluster)]
        min(alike or near, key=_since).append(victim)
    return bool(near)


def _since(cluster: Sequence[FiredAlarm]) -> int:
    """Return when the first symptom of the cluster began, Unix ns."""
    return min(finding.symptom.since for finding in cluster)


def _group(cluster: Sequence[FiredAlarm], view: SystemView) -> SymptomGroup:
    """Return the group of a cluster, titled by the culprit deepest in the call graph of the gravest kind."""
    first = min(cluster, key=lambda finding: _merit(finding, view.calls))
    kind, service = first.symptom.kind, first.symptom.service
    findings = tuple(sorted(cluster, key=lambda finding: finding.symptom.since))
    outranked = {incident.key for incident in view.open if _outranks(first, incident, view.calls)}
    planned = [
        window
        for window in applying(view.windows, _scope(first, view.calls))
        if window.explains(first.symptom.since) and window.case not in outranked
    ]
    cases = [window.case for window in planned if window.case]
    joined = [
        incident.key
        for incident in view.open
        if incident.key not in outranked and _belongs(first, incident, view.calls)
    ]
    return SymptomGroup(kind, service, findings, next(iter([*joined, *cases]), ""), bool(planned))


def _merit(finding: FiredAlarm, calls: Calls) -> tuple[bool, int, int, int]:
    """Return the sort key by which the culprit that titles an incident comes first."""
    symptom = finding.symptom
    return not finding.accuses, symptom.kind.gravity, len(reach(symptom.service, calls)), symptom.since


def _scope(finding: FiredAlarm, calls: Calls) -> Scope:
    """Return the services of which an inhibition excuses the alarm: all for a journey, only its own if it is alone."""
    if finding.journey:
        return EVERYTHING
    return reach(finding.symptom.service, {} if _stands_alone(finding) else calls)


def _outranks(finding: FiredAlarm, incident: OpenIncident, calls: Calls) -> bool:
    """Return True for what no other incident covers, and for an accusation long after a journey's incident.

    An incident may have waited for a person since yesterday; it must not hide what breaks today.
    """
    symptom = finding.symptom
    late = symptom.since - incident.since > LINKED_NS
    if incident.key == symptom.key:
        return False
    if finding.alone:
        return incident.service != symptom.service or incident.waits or late
    return incident.service not in calls and finding.accuses and late


def _belongs(finding: FiredAlarm, incident: OpenIncident, calls: Calls) -> bool:
    """Return True when the alarm belongs to the open incident: on one path, or one of the two is a journey's.

    So does an alarm of the incident's own detector, whomever it accuses by now.
    """
    same = any(symptom.is_of(finding.symptom.identity, (finding.symptom.key,)) for symptom in incident.symptoms)
    related = finding.journey or _related(finding.symptom.service, incident.service, calls)
    return same or related or incident.service not in calls
