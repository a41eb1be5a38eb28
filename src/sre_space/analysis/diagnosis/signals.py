"""Findings from metrics and logs, for what spans do not show.

A service whose spans are here, now and in health, is judged by them: a request metric counts its
callees' time too. Its resources (processor, memory, disk, queues) then only tell the kind.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import Mentions
from sre_space.analysis.diagnosis.metric_words import Meaning, is_of_host
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.templates import FAULT, LogShift
from sre_space.domain.diagnosis import CauseKind, Evidence

REQUESTS = (Meaning.FAILURE, Meaning.SUCCESS, Meaning.LATENCY)
HALF_PROOF = 0.5  # a log that tells only failures, or a resource that is new in use, proves half of what requests do
MIN_USE = 0.5  # of a resource's present use that must be new to say anything

_CAUSE_KINDS: Mapping[Meaning, CauseKind] = {
    Meaning.FAILURE: CauseKind.ERROR,
    Meaning.SUCCESS: CauseKind.ERROR,
    Meaning.LATENCY: CauseKind.SLOW_CODE,
    Meaning.SATURATION: CauseKind.SATURATION,
    Meaning.TRAFFIC: CauseKind.TRAFFIC,
    Meaning.OTHER: CauseKind.UNKNOWN,
}


def metric_findings(shifts: Sequence[Shift]) -> list[Finding]:
    """One finding a measure of a service: its instances' mean, so that one sick of five counts a fifth."""
    groups: dict[tuple[str, str, str], list[Shift]] = defaultdict(list)
    for shift in shifts:
        if not is_of_host(shift.series.name) and (shift.meaning in REQUESTS or shift.impact >= MIN_USE):
            groups[charged(shift), shift.series.name, shift.series.source].append(shift)
    slowest = _slowest(shifts)
    return [_metric_finding(group, slowest) for group in groups.values()]


def charged(shift: Shift) -> str:
    """The service that a measure speaks of: of calls, the one called."""
    series = shift.series
    of_requests = shift.meaning in REQUESTS or shift.meaning is Meaning.TRAFFIC
    return series.destination if of_requests and series.destination else series.service


def _slowest(shifts: Sequence[Shift]) -> Mapping[str, float]:
    """The largest present value of each latency measure: what a whole request takes."""
    slowest: dict[str, float] = defaultdict(float)
    for shift in shifts:
        if shift.meaning is Meaning.LATENCY:
            slowest[shift.series.name] = max(slowest[shift.series.name], shift.now)
    return slowest


def _metric_finding(group: Sequence[Shift], slowest: Mapping[str, float]) -> Finding:
    worst = max(group, key=lambda shift: shift.impact)
    whole = slowest.get(worst.series.name, 0.0)
    impacts = [min(shift.impact, (shift.now - shift.usual) / whole) if whole > 0 else shift.impact for shift in group]
    starts = [shift.since for shift in group if shift.since]
    series = worst.series
    return Finding(
        service=charged(worst),
        operation="",
        kind=_CAUSE_KINDS[worst.meaning],
        sense=Signal.METRIC,
        impact=sum(impacts) / len(impacts) * (1.0 if worst.meaning in REQUESTS else HALF_PROOF),
        p_value=min(shift.p_value for shift in group),
        evidence=Evidence(f"metric:{series.label}", f"{series.label} is {worst.now:.4g}, usually {worst.usual:.4g}"),
        since=min(starts, default=0),
    )


def log_findings(shifts: Sequence[LogShift], mentions: Mentions) -> list[Finding]:
    """A fault that names another service speaks of that one; its writer is the victim."""
    found = []
    for shift in shifts:
        named = mentions.of(shift.example, besides=shift.service)
        accused = named[0] if named else shift.service
        weight = 1.0 if shift.severity >= FAULT else 0.5
        found.append(
            Finding(
                service=accused,
                operation="",
                kind=CauseKind.ERROR,
                sense=Signal.LOG,
                impact=HALF_PROOF * weight * shift.share,
                p_value=shift.p_value,
                evidence=Evidence(f"log:{shift.service}/{shift.number}", _told(shift)),
                since=shift.since,
                speaker=shift.service,
            )
        )
    return found


def told_calls(shifts: Sequence[LogShift], mentions: Mentions) -> list[tuple[str, str]]:
    """(writer, named) of every fault that names another service."""
    return [(shift.service, named) for shift in shifts for named in mentions.of(shift.example, besides=shift.service)]


def _told(shift: LogShift) -> str:
    usual = f"usually {shift.expected:.1f}" if shift.expected >= 1 else "new"
    return f"{shift.service} logs {shift.count} times ({usual}): {shift.example[:200]}"
