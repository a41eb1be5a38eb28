"""Everything that the analyses find in one incident, before it is ranked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sre_space.analysis.diagnosis.changes import Charge
from sre_space.analysis.diagnosis.common_mode import common_slowdown
from sre_space.analysis.diagnosis.dependencies import missing_dependency
from sre_space.analysis.diagnosis.failure_causes import Known, failures
from sre_space.analysis.diagnosis.findings import Finding, Signal, distinct
from sre_space.analysis.diagnosis.graph import CallGraph, Mentions, graph_of
from sre_space.analysis.diagnosis.lags import late_consumers
from sre_space.analysis.diagnosis.latency import UNFELT, slower
from sre_space.analysis.diagnosis.limits import limit_findings, used_up
from sre_space.analysis.diagnosis.load import is_waiting, load_findings, request_rates
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift, shifts
from sre_space.analysis.diagnosis.peers import Peers
from sre_space.analysis.diagnosis.repeats import repeated
from sre_space.analysis.diagnosis.requests import Requests, requests_of
from sre_space.analysis.diagnosis.signals import log_findings, logged_calls, metric_findings
from sre_space.analysis.diagnosis.states import (
    state_findings,
    without_victims,
)
from sre_space.analysis.diagnosis.tables import Alert, Flags, ServiceState, SpanTable
from sre_space.analysis.diagnosis.templates import log_shifts
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
    accusable = alert.services
    windows = [incident, *baselines]
    measured, usual = incident.telemetry.metrics, [window.telemetry.metrics for window in baselines]
    moved = shifts(measured, usual)
    logged = log_shifts(
        incident.telemetry.logs, [window.telemetry.logs for window in baselines], _seconds(incident, baselines)
    )
    spans = [window.spans for window in windows]
    metrics = [window.telemetry.metrics for window in windows]
    writers = {
        window.telemetry.logs.names[code] for window in windows for code in np.unique(window.telemetry.logs.service)
    }
    mentions = Mentions({*graph_of(spans, metrics).services, *writers, *(state.service for state in states)})
    graph = graph_of(spans, metrics, logged_calls(logged, mentions))
    findings = [*state_findings(states), *limit_findings(measured, usual)]
    requests = requests_of(incident, baselines).besides(alert.service, incident)
    peers = Peers({*graph.services, *writers, *(state.service for state in states)})
    hasty = impatient(incident, baselines)
    unseen = waits_unseen(incident, baselines, states, hasty)
    findings += [*slower(incident, baselines, requests, unseen), *repeated(incident, baselines, unseen)]
    findings += _felt(used_up(measured, usual), incident, requests)
    findings += late_consumers(incident, baselines)
    findings += failures(incident, baselines, Known(requests, peers, mentions, hasty))
    findings += [
        finding for finding in _by_metrics(moved) if finding.service not in _known_by_spans(incident, baselines)
    ]
    findings += log_findings(logged, mentions, peers)
    gauges = [shift for shift in moved if not shift.series.cumulative]
    waiting = max((finding.impact for finding in findings if is_waiting(finding)), default=0.0)
    findings += load_findings([*gauges, *request_rates(measured, usual)], measured, graph, accusable, waiting)
    findings = [finding for finding in findings if not accusable or finding.service in accusable]
    common = common_slowdown(incident, baselines)
    missing = missing_dependency(states, logged, {*graph.services, *writers, *(state.service for state in states)})
    if missing:
        findings = [finding for finding in findings if finding.signal is not Signal.STATE] + missing
    found = distinct(without_victims(findings, states))
    return Observations(found, moved, graph, tuple(states), common=common, starved=bool(missing))


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


def _by_metrics(moved: Sequence[Shift]) -> list[Finding]:
    return metric_findings([shift for shift in moved if shift.meaning is not Meaning.TRAFFIC])


def _known_by_spans(incident: Window, baselines: Sequence[Window]) -> set[str]:
    """Return the services that have spans both in the incident and in health."""
    now = {group.service for group in incident.groups.keys}
    return now & {group.service for window in baselines for group in window.groups.keys}


def _seconds(incident: Window, baselines: Sequence[Window]) -> tuple[float, float]:
    """Return the length of the incident, and of the baselines with logs together, in seconds."""
    lengths = [(last - first) / 1e9 for first, last in (window.span_of_time for window in (incident, *baselines))]
    logged = [length for length, window in zip(lengths[1:], baselines, strict=True) if len(window.telemetry.logs)]
    return lengths[0], sum(logged)
