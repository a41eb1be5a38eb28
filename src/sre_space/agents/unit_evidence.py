"""What a unit itself shows: the only evidence that justifies restarting it. Used by Brain to decide, by Fixer to act.

The evidence is one of three: the runtime says that the unit has ended, its health endpoint does not answer, or Scout
sees one of its own resources at the limit. What its callers report ("connection refused", "timed out", "too many
clients", 429) is the other end's view: it may be caused by the network or by the caller, or be a lie.
"""

from dataclasses import dataclass

from sre_space.agents.unit_state import ENDED, STARTING_NS
from sre_space.domain.case import Case
from sre_space.domain.space_config import Service
from sre_space.domain.symptoms import Symptom
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Health, Probe
from sre_space.ports.runtime import Unit

PROBES = 3  # in a row without an answer, unless Scout has seen as many: on a busy machine one may be late


@dataclass(frozen=True)
class UnitEvidence:
    """What a unit shows that justifies a restart, in `reason` ("": nothing does).

    `ended`: the runtime says that it has ended; `healthy`: it runs, and its health endpoint reports healthy.
    """

    reason: str
    ended: bool
    healthy: bool


NO_EVIDENCE = UnitEvidence("", False, False)


async def observe_unit(case: Case, service: Service, unit: Unit, probe: Probe, clock: Clock) -> UnitEvidence:
    """Return what a unit shows at this moment; `unit` is the runtime's newest answer about it."""
    by_probes = [one for one in _symptoms(case, service.name) if one.kind.is_seen_by_probes and one.limit]
    seen = bool(by_probes)  # without a limit it is the runtime's word, and no probe has seen anything yet
    for _ in range(1 if seen else PROBES):
        health = await probe.check(service.health)
        reason = _outage(unit, health, clock.now())
        if not reason or unit.state in ENDED:
            break
    return UnitEvidence(reason, unit.state in ENDED, unit.state == "running" and health.healthy)


def saturation_symptom(case: Case, service: str) -> Symptom | None:
    """Return Scout's symptom that a resource of the service is used up or soon will be; None when there is none."""
    return next((symptom for symptom in _symptoms(case, service) if symptom.kind.is_saturation), None)


def saturation_reason(symptom: Symptom) -> str:
    """Return a saturation symptom in words."""
    return f"Scout sees in the metrics of {symptom.service} itself: {symptom.detail}"


def _symptoms(case: Case, service: str) -> list[Symptom]:
    return [symptom for symptom in case.detection.symptoms if symptom.service == service]


def _outage(unit: Unit, health: Health, now: int) -> str:
    """Return in words why the unit is out, or "" when it is not known to be; a unit that just started is given time."""
    if unit.state in ENDED:
        return f"the runtime says that {unit.name} has ended ({unit.state})"
    if health.answered or now - unit.since < STARTING_NS:
        return ""
    return f"the health endpoint of {unit.name} does not answer: {health.detail}"
