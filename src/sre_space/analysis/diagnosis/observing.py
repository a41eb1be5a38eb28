"""Everything that the analyses find in one incident, before it is ranked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.changes import Charge
from sre_space.analysis.diagnosis.common_mode import common_slowdown
from sre_space.analysis.diagnosis.dependencies import missing_dependency
from sre_space.analysis.diagnosis.failure_causes import Known, failures
from sre_space.analysis.diagnosis.findings import Finding, Signal, distinct
from sre_space.analysis.diagnosis.graph import CallGraph, Mentions, graph_of
from sre_space.analysis.diagnosis.lags import late_consumers
from sre_space.analysis.diagnosis.latency import slower
from sre_space.analysis.diagnosis.limits import limit_findings, used_up
from sre_space.analysis.diagnosis.load import is_waiting, load_findings, request_rates
from sre_space.analysis.diagnosis.metrics import Shift, compared
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.ranking import LARGE
from sre_space.analysis.diagnosis.repeats import repeated
from sre_space.analysis.diagnosis.requests import UNFELT, Requests, requests_of
from sre_space.analysis.diagnosis.resources import beyond_others
from sre_space.analysis.diagnosis.signals import (
    REQUESTS,
    log_findings,
    logged_calls,
    request_findings,
    resource_findings,
    unlike_before,
)
from sre_space.analysis.diagnosis.states import (
    state_findings,
    without_victims,
)
from sre_space.analysis.diagnosis.tables import Alert, Flags, ServiceState, SpanTable
from sre_space.analysis.diagnosis.templates import WARNING, LogShift, log_shifts
from sre_space.analysis.diagnosis.verdict import Seen
from sre_space.analysis.diagnosis.waiting import impatient, waits_unseen
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import CauseKind


@dataclass(frozen=True)
class Observations:
    """Everything that was found in one incident, before it is ranked."""

    findings: list[Finding]
    resources: list[Shift]
    graph: CallGraph
    states: tuple[ServiceState, ...] = ()
    ruled_out_causes: tuple[tuple[str, CauseKind], ...] = ()
    common: float = 1.0  # how many times slower every service is
    charged: tuple[Charge, ...] = ()
    seen: Seen = Seen()
    starved: bool = False  # what ended did so for lack of what it depends on


def observe(
    incident: Window, baselines: Sequence[Window], alert: Alert, states: Sequence[ServiceState]
) -> Observations:
    """Return the findings of every analysis; when the alert names services, only of these."""
    windows = [incident, *baselines]
    measured, usual = incident.telemetry.metrics, [window.telemetry.metrics for window in baselines]
    every = compared(measured, usual)
    moved = [shift for shift in every if shift.impact > 0]
    lines = _lines(incident, baselines)
    shown = graph_of([window.spans for window in windows], [measured, *usual])
    others = {*_writers(windows), *(state.service for state in states)}
    mentions = Mentions({*shown.services, *others})
    graph = shown.with_calls(logged_calls(lines.warnings, mentions))
    services = {*graph.services, *others}
    requests = requests_of(incident, baselines).besides(alert.service, incident)
    hasty = impatient(incident, baselines)
    known = Known(requests, Peers(services), mentions, hasty)
    findings = [*state_findings(states), *limit_findings(measured, usual)]
    findings += _by_spans(incident, baselines, waits_unseen(incident, baselines, states, hasty), known)
    findings += _felt(used_up(measured, usual), incident, requests)
    findings += _by_metrics(every, incident, baselines, _symptom(incident, every, requests, alert))
    findings += [*log_findings(lines.warnings, mentions, known.peers), *unlike_before(lines.harmless)]
    gauges = [shift for shift in moved if not shift.series.cumulative]
    waiting = max((finding.impact for finding in findings if is_waiting(finding)), default=0.0)
    rates = [*gauges, *request_rates(measured, usual)]
    findings += load_findings(rates, measured, graph, alert.services, waiting)
    findings = [finding for finding in findings if not alert.services or finding.service in alert.services]
    missing = missing_dependency(states, lines.warnings, services)
    if missing:
        findings = [finding for finding in findings if finding.signal is not Signal.STATE] + missing
    found = distinct(without_victims(findings, states))
    common = common_slowdown(incident, baselines)
    return Observations(found, moved, graph, tuple(states), common=common, starved=bool(missing))


class _Lines(NamedTuple):
    """The log lines that became more frequent: warnings and faults, and the rest where health has logs to compare."""

    warnings: list[LogShift]
    harmless: list[LogShift]


def _lines(incident: Window, baselines: Sequence[Window]) -> _Lines:
    seconds = _seconds(incident, baselines)
    lines = log_shifts(incident.telemetry.logs, [window.telemetry.logs for window in baselines], seconds)
    warnings = [shift for shift in lines if shift.severity >= WARNING]
    return _Lines(warnings, [shift for shift in lines if shift.severity < WARNING] if seconds[1] else [])


def _writers(windows: Sequence[Window]) -> set[str]:
    """Return the services that write logs."""
    return {
        window.telemetry.logs.names[code] for window in windows for code in np.unique(window.telemetry.logs.service)
    }


def _by_spans(incident: Window, baselines: Sequence[Window], unseen: Flags, known: Known) -> list[Finding]:
    return [
        *slower(incident, baselines, known.requests, unseen),
        *repeated(incident, baselines, known.requests, unseen),
        *late_consumers(incident, baselines),
        *failures(incident, baselines, known),
    ]


def _by_metrics(
    every: Sequence[Shift], incident: Window, baselines: Sequence[Window], symptom: float
) -> Iterator[Finding]:
    """Yield what metrics tell of the services that spans do not tell of."""
    by_spans = _known_by_spans(incident, baselines)
    for finding in (*request_findings(every), *resource_findings(beyond_others(every), symptom)):
        if finding.service not in by_spans:
            yield finding


def _symptom(incident: Window, every: Sequence[Shift], requests: Requests, alert: Alert) -> float:
    """Return 1.0 where requests end worse, an alert says so or nothing measures them; else the weight of the unfelt."""
    ends = [shift.impact * (1.0 - shift.p_value) for shift in every if shift.meaning in REQUESTS]
    if requests.known.any():
        ends.append(requests.felt(incident.spans.trace))
    return 1.0 if alert != Alert() or max(ends, default=1.0) >= LARGE else UNFELT


def _felt(findings: Sequence[Finding], incident: Window, requests: Requests) -> list[Finding]:
    """Return findings of services' resources, weighted by how many requests that pass these services ended worse."""
    names, spans = incident.spans.names, incident.spans
    traces = {
        finding.service: np.unique(spans.trace[_of_service(finding.service, names, spans)]) for finding in findings
    }
    return [
        replace(finding, impact=finding.impact * max(UNFELT, requests.felt(traces[finding.service])))
        for finding in findings
    ]


def _of_service(service: str, names: Sequence[str], spans: SpanTable) -> Flags:
    flags: Flags = spans.service == (names.index(service) if service in names else -1)
    return flags


def _known_by_spans(incident: Window, baselines: Sequence[Window]) -> set[str]:
    """Return the services that have spans both in the incident and in health."""
    now = {group.service for group in incident.groups.keys}
    return now & {group.service for window in baselines for group in window.groups.keys}


def _seconds(incident: Window, baselines: Sequence[Window]) -> tuple[float, float]:
    """Return the length of the incident, and of the baselines with logs together, in seconds."""
    lengths = [(last - first) / 1e9 for first, last in (window.span_of_time for window in (incident, *baselines))]
    logged = [length for length, window in zip(lengths[1:], baselines, strict=True) if len(window.telemetry.logs)]
    return lengths[0], sum(logged)
