"""The door of the engine: an incident against its baselines, to a ranked and cited diagnosis.

Used by `sre-space diagnose` on files, and by the Brain on spans from Jaeger and on logs and metrics
from the topics. No clock, no I/O, no randomness: the same tables give the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sre_space.analysis.diagnosis import common_mode
from sre_space.analysis.diagnosis.changes import GUILTY, ChangeContext, Charge, charges, concerns
from sre_space.analysis.diagnosis.common_mode import common_slowdown
from sre_space.analysis.diagnosis.failure_causes import failures
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.graph import CallGraph, Mentions, graph_of
from sre_space.analysis.diagnosis.hurt import hurt_by
from sre_space.analysis.diagnosis.kinds import kind_of
from sre_space.analysis.diagnosis.latency import slower
from sre_space.analysis.diagnosis.limits import limit_findings
from sre_space.analysis.diagnosis.load import arrivals, load_findings, waits
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift, shifts
from sre_space.analysis.diagnosis.ranking import LARGE, Suspect, rank
from sre_space.analysis.diagnosis.repeats import repeated
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.selecting import quick_half
from sre_space.analysis.diagnosis.signals import log_findings, metric_findings, told_calls
from sre_space.analysis.diagnosis.states import (
    contradicted,
    first_out,
    state_findings,
    unheard_without_common_cause,
    without_victims,
)
from sre_space.analysis.diagnosis.story import chain_of, map_of, waterfall_of
from sre_space.analysis.diagnosis.survival import survivals
from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, Telemetry
from sre_space.analysis.diagnosis.templates import log_shifts
from sre_space.analysis.diagnosis.verdict import verdict_of
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Evidence

NAMED = 5  # causes that a diagnosis lists
CITED = 6  # evidence that a cause cites
CHANGED = (CauseKind.BAD_CHANGE, CauseKind.MISCONFIGURATION)
PROBES = "Infrastructure"  # of an alert that several probes in a row have raised
MIN_SCORE = 0.01  # of the affected requests: less is not worth a line


@dataclass(frozen=True)
class Observations:
    """Everything found in one incident, before it is ranked."""

    findings: list[Finding]
    resources: list[Shift]
    graph: CallGraph
    states: tuple[ServiceState, ...] = ()
    ruled_out_causes: tuple[tuple[str, CauseKind], ...] = ()
    common: float = 1.0  # times that every service is slower
    probed: str = ""  # the service whose probes raised the alert


def diagnose(
    incident: Telemetry,
    baselines: Sequence[Telemetry],
    changes: Sequence[Change] = (),
    alert: Alert | None = None,
    states: Sequence[ServiceState] = (),
) -> CaseDiagnosis:
    """What caused the incident, or that the evidence names no cause."""
    return diagnose_windows(Window.of(incident), [Window.of(one) for one in baselines], changes, alert, states)


def diagnose_windows(
    incident: Window,
    baselines: Sequence[Window],
    changes: Sequence[Change] = (),
    alert: Alert | None = None,
    states: Sequence[ServiceState] = (),
) -> CaseDiagnosis:
    """The same on windows, so that one baseline is prepared once for many incidents."""
    usual = list(baselines) or quick_half(incident)
    seen = look(incident, usual, alert.services if alert else (), states)
    suspects = rank(seen.findings, seen.graph)
    charged = _charged(changes, suspects, seen, [incident, *baselines], alert)
    guilty = charged[0] if charged and charged[0].score >= GUILTY and not _is_load(suspects) else None
    if guilty is not None and (finding := _change_finding(guilty, suspects)) is not None:
        seen.findings.append(finding)
        suspects = rank(seen.findings, seen.graph)
    suspects = _broken_before_slow(suspects, guilty, seen.common)
    first = first_out(alert.service if alert else "", states)
    suspects.sort(key=lambda one: one.service != first)
    probed = alert.service if alert and alert.metric == PROBES else ""
    ruled_out_causes = (*(alert.ruled_out_causes if alert else ()), *contradicted(states))
    return _told(incident, baselines, suspects, guilty, replace(seen, ruled_out_causes=ruled_out_causes, probed=probed))


def look(
    incident: Window, baselines: Sequence[Window], judged: Sequence[str], states: Sequence[ServiceState]
) -> Observations:
    """Every analysis once; findings of services that are not `judged` (none named: all are) are left out."""
    windows = [incident, *baselines]
    measured, usual = incident.telemetry.metrics, [one.telemetry.metrics for one in baselines]
    moved = shifts(measured, usual)
    logged = log_shifts(
        incident.telemetry.logs, [one.telemetry.logs for one in baselines], _seconds(incident, baselines)
    )
    spans, metrics = [one.spans for one in windows], [one.telemetry.metrics for one in windows]
    mentions = Mentions(graph_of(spans, metrics).services)
    graph = graph_of(spans, metrics, told_calls(logged, mentions))
    found = [*state_findings(states), *limit_findings(measured, usual)]
    found += [*slower(incident, baselines), *repeated(incident, baselines), *failures(incident, baselines)]
    found += [one for one in _by_metrics(moved) if one.service not in _known_by_spans(incident, baselines)]
    found += log_findings(logged, mentions)
    gauges = [one for one in moved if not one.series.cumulative]
    hurt = max((one.impact for one in found if waits(one)), default=0.0)
    found += load_findings([*gauges, *arrivals(measured, usual)], graph, judged, hurt)
    found = [one for one in found if not judged or one.service in judged]
    common = common_slowdown(incident, baselines)
    return Observations(without_victims(found, states), moved, graph, tuple(states), common=common)


def _by_metrics(moved: Sequence[Shift]) -> list[Finding]:
    return metric_findings([one for one in moved if one.meaning is not Meaning.TRAFFIC])


def _known_by_spans(incident: Window, baselines: Sequence[Window]) -> set[str]:
    """Services with spans now and in health."""
    now = {group.service for group in incident.groups.keys}
    return now & {group.service for window in baselines for group in window.groups.keys}


def _seconds(incident: Window, baselines: Sequence[Window]) -> tuple[float, float]:
    lengths = [(last - first) / 1e9 for first, last in (one.span_of_time for one in (incident, *baselines))]
    logged = [length for length, one in zip(lengths[1:], baselines, strict=True) if len(one.telemetry.logs)]
    return lengths[0], sum(logged)


def _is_load(suspects: Sequence[Suspect]) -> bool:
    return bool(suspects) and suspects[0].findings[0].sense is Signal.LOAD


def _broken_before_slow(suspects: list[Suspect], guilty: Charge | None, common: float) -> list[Suspect]:
    """Where every service is slower, whom a change broke goes first: a retry storm slows its victims and itself."""
    if guilty is None or common < common_mode.SLOWER:
        return suspects
    broken = [
        one
        for one in suspects
        if one.findings[0].sense is not Signal.TIME and concerns(guilty.change, one.service) and one.score >= LARGE
    ]
    return [*broken, *(one for one in suspects if one not in broken)]


def _charged(
    changes: Sequence[Change],
    suspects: Sequence[Suspect],
    seen: Observations,
    windows: Sequence[Window],
    alert: Alert | None,
) -> list[Charge]:
    onset = alert.fired_at if alert and alert.fired_at else (suspects[0].since if suspects else 0)
    worst = suspects[0].score if suspects else 0.0
    guilt = {one.service: one.score / worst for one in suspects}
    words = [finding.evidence.statement for one in suspects[:NAMED] for finding in one.findings]
    words += [f"{alert.service} {alert.metric} {alert.summary}"] if alert else []
    slowest = max((one.now for one in seen.resources if one.meaning is Meaning.LATENCY), default=0.0)
    scene = ChangeContext(guilt, onset, " ".join(words), slowest, survivals(changes, suspects, windows, onset))
    return charges(changes, scene, windows[0].telemetry.metrics)


def _change_finding(charge: Charge, suspects: Sequence[Suspect]) -> Finding | None:
    """What a change adds to the suspicion of its service: its new units do worse, or the incident began with it."""
    units, change, at = charge.contrast, charge.change, charge.change.applied or charge.change.time
    if units is not None and units.impact >= GUILTY:
        told, impact, p_value, service = (
            Evidence(f"release:{change.id}", units.told),
            units.impact,
            units.p_value,
            change.service,
        )
    elif change.applied and suspects:
        service = next((one.service for one in suspects if concerns(change, one.service)), suspects[0].service)
        when = f"{change.id[:12]} came into force right before this began: {change.summary}"
        told, impact, p_value = Evidence(f"deployment:{change.id}", when), charge.score, 1.0 - charge.score
    else:
        return None
    return Finding(service, "", CauseKind.BAD_CHANGE, Signal.CHANGE, impact, p_value, told, at)


def _told(
    incident: Window,
    baselines: Sequence[Window],
    suspects: Sequence[Suspect],
    guilty: Charge | None,
    seen: Observations,
) -> CaseDiagnosis:
    listed = [one for one in suspects[:NAMED] if one.score >= MIN_SCORE] or list(suspects[:1])
    named = [(one, _cause(one, seen.resources, guilty, one is listed[0])) for one in listed]
    held = [(one, cause) for one, cause in named if (cause.service, cause.kind) not in seen.ruled_out_causes]
    causes = tuple(cause for _, cause in held)
    shared = seen.common >= common_mode.SLOWER and bool(suspects) and suspects[0].findings[0].sense is Signal.TIME
    if shared or _unexplained(causes, seen.states) or not _accused(named, held, guilty):
        verdict = Confidence.INCONCLUSIVE
    else:
        verdict = verdict_of([one for one, _ in held], len(seen.findings), bool(baselines), seen.probed)
    evidence = {item.id: item for one in listed for item in _cited(one)}
    chain, extra = chain_of(suspects, incident, guilty, seen.graph)
    evidence |= {item.id: item for item in extra}
    return CaseDiagnosis(
        verdict=verdict,
        causes=causes,
        evidence=tuple(evidence.values()),
        chain=chain,
        change=guilty.change.id if guilty else None,
        map=map_of(seen.graph),
        waterfall=waterfall_of(suspects, incident),
        notes=_notes(incident, baselines, seen.common if shared else 1.0),
        hurt=hurt_by(held[0][0], incident, baselines) if held else None,
    )


def _unexplained(causes: Sequence[Cause], states: Sequence[ServiceState]) -> bool:
    """True when the first cause is one of many services that are silent for a reason that is not seen here."""
    ended = {state.service for state in states if state.ended}
    return unheard_without_common_cause(states) and not (causes and causes[0].service in ended)


def _accused(
    named: Sequence[tuple[Suspect, Cause]], held: Sequence[tuple[Suspect, Cause]], guilty: Charge | None
) -> bool:
    """True when the first cause holds; behind one that is disproved, only a service that a change broke is accused."""
    if held[:1] == named[:1]:
        return True
    if guilty is None or not held:
        return False
    return held[0][1].kind in CHANGED and concerns(guilty.change, held[0][0].service)


def _cause(suspect: Suspect, resources: Sequence[Shift], guilty: Charge | None, first: bool) -> Cause:
    theirs = (
        guilty
        if guilty and (concerns(guilty.change, suspect.service) or (first and not guilty.change.service))
        else None
    )
    kind = kind_of(suspect, resources, theirs)
    ids = tuple(dict.fromkeys(item.id for item in _cited(suspect)))
    return Cause(suspect.service, suspect.operation, kind, round(suspect.score, 4), ids)


def _cited(suspect: Suspect) -> list[Evidence]:
    first, *others = suspect.findings[:CITED]
    return [first.evidence, *(finding.evidence for finding in others if finding.impact >= MIN_SCORE)]


def _notes(incident: Window, baselines: Sequence[Window], common: float) -> tuple[str, ...]:
    """What limits this answer; `common` is how many times slower everything is, where that excuses everybody."""
    notes = []
    if common > 1.0:
        notes.append(f"the own work of every service takes at least {common:.1f} times as long: none stands out")
    if not baselines:
        notes.append("no baseline was given: slow requests are compared with the quick ones of the incident itself")
    if not len(incident.spans):
        notes.append("the incident has no spans")
    lost = [one for window in (incident, *baselines) for one in window.telemetry.unreadable]
    if lost:
        places = ", ".join(one.place for one in lost[:5])
        notes.append(f"{len(lost)} unreadable inputs were skipped: {places}{' ...' if len(lost) > 5 else ''}")
    orphans = int(incident.spans.orphan.sum())
    if orphans:
        notes.append(f"{orphans} of {len(incident.spans)} spans name a parent that is not here")
    return tuple(notes)
