"""The entry point of the engine: compares an incident with its baselines and returns a ranked and cited diagnosis.

Used by `sre-space diagnose` on files, and by Brain on spans from Jaeger and on logs and metrics
from the topics. No clock, no I/O, no randomness: the same tables give the same answer.
"""

from collections.abc import Sequence
from dataclasses import replace

from sre_space.analysis.diagnosis import common_mode
from sre_space.analysis.diagnosis.changes import GUILTY, ChangeContext, Charge, charges, concerns, near_change, of_known
from sre_space.analysis.diagnosis.findings import Finding, Signal
from sre_space.analysis.diagnosis.hurt import affected_by
from sre_space.analysis.diagnosis.kinds import is_said_to_hang, kind_of
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.observing import Observations, observe
from sre_space.analysis.diagnosis.ranking import LARGE, Suspect, rank
from sre_space.analysis.diagnosis.requests import UNFELT
from sre_space.analysis.diagnosis.result import CaseDiagnosis
from sre_space.analysis.diagnosis.selecting import faster_half
from sre_space.analysis.diagnosis.states import (
    answering,
    contradicted,
    first_out,
    unheard_without_common_cause,
)
from sre_space.analysis.diagnosis.story import chain_of, map_of, waterfall_of
from sre_space.analysis.diagnosis.survival import survivals
from sre_space.analysis.diagnosis.tables import Alert, Change, ServiceState, Telemetry
from sre_space.analysis.diagnosis.unread import unread_notes, why_unread
from sre_space.analysis.diagnosis.verdict import Seen, verdict_of
from sre_space.analysis.diagnosis.window import Window
from sre_space.domain.diagnosis import Cause, CauseKind, Confidence, Evidence

NAMED = 5  # the number of causes that a diagnosis lists
CITED = 6  # the number of evidence items that a cause cites
CHANGED = (CauseKind.BAD_CHANGE, CauseKind.MISCONFIGURATION)
PROBES = "Infrastructure"  # the metric of an alert that several failed probes in a row raised
MIN_SCORE = 0.01  # of the affected requests: causes below it are not listed


def diagnose(
    incident: Telemetry,
    baselines: Sequence[Telemetry],
    changes: Sequence[Change] = (),
    alert: Alert | None = None,
    states: Sequence[ServiceState] = (),
) -> CaseDiagnosis:
    """Return the diagnosis of the incident; INCONCLUSIVE when the evidence names no cause."""
    return diagnose_windows(
        Window.of(incident), [Window.of(baseline) for baseline in baselines], changes, alert, states
    )


def diagnose_windows(
    incident: Window,
    baselines: Sequence[Window],
    changes: Sequence[Change] = (),
    alert: Alert | None = None,
    states: Sequence[ServiceState] = (),
) -> CaseDiagnosis:
    """Return the diagnosis of an incident whose windows are prepared: a baseline serves many incidents."""
    usual = list(baselines) or faster_half(incident)
    observations = observe(incident, usual, alert or Alert(), states)
    changes = of_known(changes, observations.graph.services)
    suspects = rank(observations.findings, observations.graph)
    charged = _charged(changes, suspects, observations, [incident, *baselines], alert)
    guilty = charged[0] if charged and charged[0].score >= GUILTY and not _is_load(suspects) else None
    if guilty is not None and (finding := _change_finding(guilty, suspects)) is not None:
        observations.findings.append(finding)
        suspects = rank(observations.findings, observations.graph)
    suspects = _broken_before_slow(suspects, guilty, observations.common)
    first = "" if observations.starved else first_out(alert.service if alert else "", states)
    suspects.sort(key=lambda suspect: suspect.service != first)
    ruled_out_causes = (*(alert.ruled_out_causes if alert else ()), *contradicted(states))
    seen = _seen(incident, baselines, alert or Alert())
    return _answer(
        incident,
        baselines,
        suspects,
        guilty,
        replace(observations, ruled_out_causes=ruled_out_causes, charged=tuple(charged), seen=seen),
    )


def _seen(incident: Window, baselines: Sequence[Window], alert: Alert) -> Seen:
    probed = alert.service if alert.metric == PROBES else ""
    return Seen(bool(baselines), len(incident.spans.trace_ids), alert.service, probed)


def _is_load(suspects: Sequence[Suspect]) -> bool:
    return bool(suspects) and suspects[0].findings[0].signal is Signal.LOAD


def _broken_before_slow(suspects: list[Suspect], guilty: Charge | None, common: float) -> list[Suspect]:
    """Return the suspects; where every service is slower, those that a change broke come first.

    A retry storm slows its victims and itself alike.
    """
    if guilty is None or common < common_mode.SLOWER:
        return suspects
    broken = [
        suspect
        for suspect in suspects
        if suspect.findings[0].signal is not Signal.TIME
        and concerns(guilty.change, suspect.service)
        and suspect.score >= LARGE
    ]
    return [*broken, *(suspect for suspect in suspects if suspect not in broken)]


def _charged(
    changes: Sequence[Change],
    suspects: Sequence[Suspect],
    observations: Observations,
    windows: Sequence[Window],
    alert: Alert | None,
) -> list[Charge]:
    suspects = [suspect for suspect in suspects if suspect.score >= UNFELT]  # no change is blamed for less
    onset = alert.fired_at if alert and alert.fired_at else (suspects[0].since if suspects else 0)
    worst = suspects[0].score if suspects else 0.0
    guilt = {suspect.service: suspect.score / worst for suspect in suspects}
    texts = [finding.evidence.statement for suspect in suspects[:NAMED] for finding in suspect.findings]
    texts += [f"{alert.service} {alert.metric} {alert.summary}"] if alert else []
    slowest = max((shift.now for shift in observations.resources if shift.meaning is Meaning.LATENCY), default=0.0)
    context = ChangeContext(guilt, onset, " ".join(texts), slowest, survivals(changes, suspects, windows, onset))
    return charges(changes, context, windows[0].telemetry.metrics)


def _change_finding(charge: Charge, suspects: Sequence[Suspect]) -> Finding | None:
    """Return the finding of a guilty change: its new units perform worse, or the incident began right after it.

    None when neither holds.
    """
    units, change, at = charge.contrast, charge.change, charge.change.applied or charge.change.time
    if units is not None and units.impact >= GUILTY:
        evidence = Evidence(f"release:{change.id}", units.summary)
        impact, p_value, service = units.impact, units.p_value, change.service
    elif change.applied and suspects:
        service = next(
            (suspect.service for suspect in suspects if concerns(change, suspect.service)), suspects[0].service
        )
        when = f"{change.id[:12]} came into force right before this began: {change.summary}"
        evidence, impact, p_value = Evidence(f"deployment:{change.id}", when), charge.score, 1.0 - charge.score
    else:
        return None
    return Finding(service, "", CauseKind.BAD_CHANGE, Signal.CHANGE, impact, p_value, evidence, at)


def _answer(
    incident: Window,
    baselines: Sequence[Window],
    suspects: Sequence[Suspect],
    guilty: Charge | None,
    observations: Observations,
) -> CaseDiagnosis:
    listed = [suspect for suspect in suspects[:NAMED] if suspect.score >= MIN_SCORE]
    first = listed or list(suspects[:1])
    named = [(suspect, _cause(suspect, observations.resources, guilty, suspect is first[0])) for suspect in first]
    holding = [(suspect, cause) for suspect, cause in named if not _is_ruled_out(suspect, cause, observations)]
    causes = tuple(cause for _, cause in holding)
    shared = (
        observations.common >= common_mode.SLOWER and bool(suspects) and suspects[0].findings[0].signal is Signal.TIME
    )
    if shared or _unexplained(causes, observations.states) or not _accused(named, holding, guilty):
        verdict = Confidence.INCONCLUSIVE
    else:
        verdict = verdict_of([suspect for suspect, _ in holding], len(observations.findings), observations.seen)
    evidence = {item.id: item for suspect in first for item in _cited(suspect)}
    chain, extra = chain_of(first, incident, guilty, observations.graph)
    evidence |= {item.id: item for item in extra}
    return CaseDiagnosis(
        verdict=verdict,
        causes=causes,
        evidence=tuple(evidence.values()),
        chain=chain,
        change=guilty.change.id if guilty else None,
        map=map_of(observations.graph),
        waterfall=waterfall_of(first, incident),
        notes=_notes(incident, baselines, observations.common if shared else 1.0),
        hurt=affected_by(holding[0][0], incident, baselines) if holding else None,
        near=near_change(observations.charged, causes[0].service, suspects[0].since) if causes and not guilty else "",
        unread=why_unread(incident.telemetry, [window.telemetry for window in baselines]),
    )


def _is_ruled_out(suspect: Suspect, cause: Cause, observations: Observations) -> bool:
    """Return True when the cause is disproved.

    So it is when callers had no patience with a service that answers its probe, and the alert is about another.
    """
    if (cause.service, cause.kind) in observations.ruled_out_causes:
        return True
    about_another = observations.seen.alerted not in ("", cause.service)
    answers = about_another and cause.service in answering(observations.states)
    return answers and cause.kind not in CHANGED and is_said_to_hang(suspect)


def _unexplained(causes: Sequence[Cause], states: Sequence[ServiceState]) -> bool:
    """Return True when the first cause is one of many services that are silent for a reason outside of the evidence."""
    ended = {state.service for state in states if state.ended}
    return unheard_without_common_cause(states) and not (causes and causes[0].service in ended)


def _accused(
    named: Sequence[tuple[Suspect, Cause]], holding: Sequence[tuple[Suspect, Cause]], guilty: Charge | None
) -> bool:
    """Return True when the first cause holds.

    After a ruled-out cause, only a service that a change broke is accused.
    """
    if holding[:1] == named[:1]:
        return True
    if guilty is None or not holding:
        return False
    return holding[0][1].kind in CHANGED and concerns(guilty.change, holding[0][0].service)


def _cause(suspect: Suspect, resources: Sequence[Shift], guilty: Charge | None, first: bool) -> Cause:
    charge = (
        guilty
        if guilty and (concerns(guilty.change, suspect.service) or (first and not guilty.change.service))
        else None
    )
    kind = kind_of(suspect, resources, charge)
    ids = tuple(dict.fromkeys(item.id for item in _cited(suspect)))
    return Cause(suspect.service, suspect.operation, kind, round(suspect.score, 4), ids)


def _cited(suspect: Suspect) -> list[Evidence]:
    first, *others = suspect.findings[:CITED]
    return [first.evidence, *(finding.evidence for finding in others if finding.impact >= MIN_SCORE)]


def _notes(incident: Window, baselines: Sequence[Window], common: float) -> tuple[str, ...]:
    """Return what limits the answer; `common` is how many times slower every service is, 1.0 when that excuses none."""
    notes = []
    if common > 1.0:
        notes.append(f"the own work of every service takes at least {common:.1f} times as long: none stands out")
    if not baselines:
        notes.append("no baseline was given: slow requests are compared with the quick ones of the incident itself")
    if not len(incident.spans):
        notes.append("the incident has no spans")
    notes += unread_notes(incident.telemetry, [window.telemetry for window in baselines])
    orphans = int(incident.spans.orphan.sum())
    if orphans:
        notes.append(f"{orphans} of {len(incident.spans)} spans name a parent that is not here")
    return tuple(notes)
