"""Findings from metrics and logs, for what spans do not show.

A service that has spans, in the incident and in health, is diagnosed from them: a request metric counts its
callees' time too. Its resources (processor, memory, disk, queues) then only tell the kind.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import Mentions
from sre_space.analysis.diagnosis.messages import is_callers_fault
from sre_space.analysis.diagnosis.metric_words import Meaning, is_of_host
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.requests import UNFELT
from sre_space.analysis.diagnosis.templates import FAULT, WARNING, LogShift
from sre_space.domain.diagnosis import CauseKind, Evidence

REQUESTS = (Meaning.FAILURE, Meaning.SUCCESS, Meaning.LATENCY)
HALF_PROOF = 0.5  # the weight of a log or of a newly used resource, beside 1.0 for requests
MIN_GROWTH = 0.25  # the share of a resource's present use that must be new, beyond that of others
MIN_STRANGE = 0.5  # the share of a service's lines that must be new
UNLIKELY = 0.01

_CAUSE_KINDS: Mapping[Meaning, CauseKind] = {
    Meaning.FAILURE: CauseKind.ERROR,
    Meaning.SUCCESS: CauseKind.ERROR,
    Meaning.LATENCY: CauseKind.SLOW_CODE,
    Meaning.SATURATION: CauseKind.SATURATION,
    Meaning.TRAFFIC: CauseKind.TRAFFIC,
    Meaning.OTHER: CauseKind.UNKNOWN,
}


def request_findings(every: Sequence[Shift]) -> list[Finding]:
    """Return one finding a measure of a service's requests, the mean of its instances: one of five counts a fifth."""
    shifts = [shift for shift in every if shift.meaning in REQUESTS and shift.impact > 0]
    slowest = _slowest(every)
    return [_request_finding(group, slowest) for group in _by_measure(shifts)]


def resource_findings(shifts: Sequence[Shift], symptom: float) -> list[Finding]:
    """Return one finding a resource of a service, that of the instance that stands out most.

    `symptom` (0 to 1) is how far requests end worse at all: a resource that is used more slows nobody by itself.
    """
    large = [shift for shift in shifts if shift.impact >= MIN_GROWTH]
    return [_resource_finding(group, symptom) for group in _by_measure(large)]


def _by_measure(shifts: Sequence[Shift]) -> list[list[Shift]]:
    """Return the measures of services, not of machines, each with its instances."""
    groups: dict[tuple[str, str, str], list[Shift]] = defaultdict(list)
    for shift in shifts:
        if not is_of_host(shift.series.name):
            groups[charged_service(shift), shift.series.name, shift.series.source].append(shift)
    return list(groups.values())


def charged_service(shift: Shift) -> str:
    """Return the service that a measure describes: of calls, the callee."""
    series = shift.series
    of_requests = shift.meaning in REQUESTS or shift.meaning is Meaning.TRAFFIC
    return series.destination if of_requests and series.destination else series.service


def _slowest(shifts: Sequence[Shift]) -> Mapping[str, float]:
    """Return the largest present value of each latency measure: the duration of a whole request."""
    slowest: dict[str, float] = defaultdict(float)
    for shift in shifts:
        if shift.meaning is Meaning.LATENCY:
            slowest[shift.series.name] = max(slowest[shift.series.name], shift.now)
    return slowest


def _request_finding(group: Sequence[Shift], slowest: Mapping[str, float]) -> Finding:
    whole = slowest.get(group[0].series.name, 0.0)
    impacts = [
        min(shift.impact, (shift.steady - shift.usual) / whole) if whole > 0 else shift.impact for shift in group
    ]
    return _finding(group, sum(impacts) / len(impacts))


def _resource_finding(group: Sequence[Shift], symptom: float) -> Finding:
    return _finding(group, HALF_PROOF * symptom * max(shift.impact for shift in group))


def _finding(group: Sequence[Shift], impact: float) -> Finding:
    worst = max(group, key=lambda shift: shift.impact)
    starts = [shift.since for shift in group if shift.since]
    series = worst.series
    return Finding(
        service=charged_service(worst),
        operation="",
        kind=_CAUSE_KINDS[worst.meaning],
        signal=Signal.METRIC,
        impact=impact,
        p_value=min(shift.p_value for shift in group),
        evidence=Evidence(f"metric:{series.label}", f"{series.label} is {worst.now:.4g}, usually {worst.usual:.4g}"),
        since=min(starts, default=0),
    )


def unlike_before(shifts: Sequence[LogShift]) -> list[Finding]:
    """Return a finding for each service most of whose lines are harmless ones that health does not have at all.

    It is context, and of no kind: it says where something is different, not that anything is wrong.
    """
    by_service: dict[str, list[LogShift]] = defaultdict(list)
    for shift in shifts:
        if shift.severity < WARNING and not shift.known and shift.p_value <= UNLIKELY:
            by_service[shift.service].append(shift)
    return [
        _unlike(group, sum(shift.share for shift in group))
        for group in by_service.values()
        if sum(shift.share for shift in group) >= MIN_STRANGE
    ]


def _unlike(group: Sequence[LogShift], share: float) -> Finding:
    most = max(group, key=lambda shift: shift.share)
    return Finding(
        service=most.service,
        operation="",
        kind=CauseKind.UNKNOWN,
        signal=Signal.LOG,
        impact=UNFELT * share,
        p_value=most.p_value,
        evidence=Evidence(f"log:{most.service}/{most.number}", _statement(most)),
        since=most.since,
    )


def log_findings(shifts: Sequence[LogShift], mentions: Mentions, peers: Peers) -> list[Finding]:
    """Return a finding for each log shift, against the service that the line accuses, else against its writer."""
    findings = []
    for shift in shifts:
        accused = _accused(shift, mentions, peers)
        weight = 1.0 if shift.severity >= FAULT else 0.5
        findings.append(
            Finding(
                service=accused,
                operation="",
                kind=CauseKind.ERROR,
                signal=Signal.LOG,
                impact=HALF_PROOF * weight * shift.share,
                p_value=shift.p_value,
                evidence=Evidence(f"log:{shift.service}/{shift.number}", _statement(shift)),
                since=shift.since,
                reporter=shift.service,
            )
        )
    return findings


def _accused(shift: LogShift, mentions: Mentions, peers: Peers) -> str:
    """Return the service that a line accuses: whoever was asked in vain, unless that is the caller's own fault."""
    if is_callers_fault(shift.example):
        return shift.service
    named = mentions.of(shift.example, besides=shift.service)
    return next(iter(named), "") or peers.asked(shift.example) or shift.service


def logged_calls(shifts: Sequence[LogShift], mentions: Mentions) -> list[tuple[str, str]]:
    """Return (writer, named service) of every error line that names another service."""
    return [(shift.service, named) for shift in shifts for named in mentions.of(shift.example, besides=shift.service)]


def _statement(shift: LogShift) -> str:
    """Return the statement of a log finding."""
    usual = f"usually {shift.expected:.1f}" if shift.expected >= 1 else "new"
    return f"{shift.service} logs {shift.count} times ({usual}): {shift.example[:200]}"
