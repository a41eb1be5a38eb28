"""The services of the view *Now*, by impact; each row names the detector that is the reason of its state."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sre_space.dashboard.answers.base import State
from sre_space.dashboard.answers.now import FailingDetector, ServiceNow
from sre_space.dashboard.reading.detector_words import HARMS, measure, named, state_of
from sre_space.dashboard.reading.journeys import NOT_HEARD
from sre_space.dashboard.reading.known import Known
from sre_space.dashboard.reading.words import ms_or_none
from sre_space.domain.case import Case
from sre_space.domain.detectors import DetectorReport, DetectorState, ServiceReport
from sre_space.domain.facts import Decision
from sre_space.domain.space_config import Service
from sre_space.domain.symptoms import SymptomKind

IMPACT: Mapping[State, float] = {
    State.FAILING: 600.0, State.DEGRADED: 500.0, State.ACTING: 450.0, State.BLIND: 300.0, State.UNKNOWN: 250.0,
    State.HELD: 200.0, State.EXCUSED: 150.0, State.LEARNING: 50.0, State.WELL: 0.0, State.HALTED: 0.0,
}  # fmt: skip
NOTHING = ServiceReport("")


def services(known: Known) -> Sequence[ServiceNow]:
    """Return one row a configured service, the one with the greatest impact first."""
    numbers = {one.service: _seen(known, one) for one in known.detectors.services} if known.detectors else {}
    rows = [_row(known, service, numbers.get(name, NOTHING)) for name, service in known.config.services.items()]
    return sorted(rows, key=lambda row: (-row.impact, row.name))


def _seen(known: Known, numbers: ServiceReport) -> ServiceReport:
    """Return what is known now: while Scout is blind, the numbers from telemetry are of before."""
    return replace(numbers, rate=None, errors=None, p95=None, memory=None) if known.blind else numbers


def left_out(known: Known) -> int:
    """Return for how many services the report had no space."""
    told = {one.service for one in known.detectors.services} if known.detectors else known.config.services.keys()
    return len(known.config.services.keys() - told) if told else 0


def accused(case: Case) -> frozenset[str]:
    """Return the services that an open incident accuses: its newest cause, else those with symptoms."""
    decision = case.latest(Decision)
    cause = decision.diagnosis.cause if decision else None
    return frozenset({cause.service}) if cause else frozenset(symptom.service for symptom in case.detection.symptoms)


def incident_of(known: Known, service: str) -> int | None:
    """Return the oldest open incident that accuses a service; None when none does."""
    return next((case.issue for case in known.open if service in accused(case)), None)


def _row(known: Known, service: Service, numbers: ServiceReport) -> ServiceNow:
    mine = _detectors(known, service.name)
    reason = _reason(mine)
    state, why = _state(known, reason, mine)
    shown = [named(one, known.now) for one in mine if one.state is not DetectorState.OK]
    unit, incident = known.units.get(service.unit), incident_of(known, service.name)
    urgent = named(reason, known.now) if reason and reason.state is not DetectorState.OK else None
    return ServiceNow(
        name=service.name,
        state=state,
        why=why,
        detector=urgent,
        detectors=tuple(shown),
        since=ms_or_none(reason.since) if reason else None,
        impact=_impact(state, numbers, urgent),
        rate=numbers.rate,
        errors=numbers.errors,
        p95_s=numbers.p95,
        memory=numbers.memory,
        memory_limit=numbers.memory_limit,
        restarts=numbers.restarts,
        watched=ms_or_none(numbers.watched),
        restarted=ms_or_none(numbers.restarted),
        unit=unit.state if unit and known.runtime.at and not known.runtime.error else "",
        commit=numbers.commit,
        deployed=ms_or_none(numbers.deployed),
        autonomy=service.autonomy.value,
        incident=incident,
        owner=service.contact.owner,
        runbook=service.contact.runbook,
    )


def _detectors(known: Known, service: str) -> list[DetectorReport]:
    report = known.detectors
    return [one for one in report.detectors if one.subject == service] if report else []


def _reason(reports: Sequence[DetectorReport]) -> DetectorReport | None:
    """Return the detector that explains the service's state: what harms first, an outage before all others.

    A single operation without requests does not make a service unknown while its probes answer.
    """
    firing = [one for one in reports if one.state is DetectorState.FIRING]
    if firing:
        return min(firing, key=lambda one: (one.kind not in HARMS, one.kind.gravity))
    outage = next((one for one in reports if one.kind is SymptomKind.INFRASTRUCTURE), None)
    if outage is None or outage.state is not DetectorState.OK:
        return outage
    urgent = [one for one in reports if one.state in (DetectorState.BLIND, DetectorState.INHIBITED)]
    return min(urgent, key=lambda one: one.kind.gravity) if urgent else outage


def _state(known: Known, reason: DetectorReport | None, mine: Sequence[DetectorReport]) -> tuple[State, str]:
    if known.detectors is None:
        return State.UNKNOWN, NOT_HEARD
    if reason is None:
        return State.UNKNOWN, "Scout's report had no space for this service"
    if reason.state is not DetectorState.OK:
        return state_of(reason), named(reason, known.now).text
    learning = [one for one in mine if one.state is DetectorState.LEARNING]
    others = [one for one in mine if one.kind is not SymptomKind.INFRASTRUCTURE]
    if learning and len(learning) == len([one for one in others if one.state is not DetectorState.UNKNOWN]):
        return State.LEARNING, "learning what is usual; outages are already seen"
    return State.WELL, measure(reason) if reason.value else ""


def _impact(state: State, numbers: ServiceReport, detector: FailingDetector | None) -> float:
    failed = (numbers.rate or 0.0) * (numbers.errors or 0.0)
    outage = 100.0 if detector is not None and detector.kind == SymptomKind.INFRASTRUCTURE.value else 0.0
    return round(IMPACT[state] + (outage if state is State.FAILING else 0.0) + min(99.0, failed), 2)
