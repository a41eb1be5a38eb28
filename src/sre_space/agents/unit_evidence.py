"""What a unit shows of itself: the only ground for restarting it. Used by Brain as it decides, by Fixer as it acts.

Its runtime says that it has ended, its own health does not answer, or Scout sees one of its own resources at the limit.
What its callers say of it ("connection refused", "timed out", "too many clients", 429) is the other end's word, and may
tell of the network, of the caller, or be a lie.
"""

from dataclasses import dataclass

from sre_space.agents.unit_state import ENDED, STARTING_NS
from sre_space.domain.case import Case
from sre_space.domain.space_config import Service
from sre_space.domain.symptoms import Symptom, SymptomKind
from sre_space.ports.clock import Clock
from sre_space.ports.probe import Health, Probe
from sre_space.ports.runtime import Unit

PROBES = 3  # in a row without an answer, where Scout has not seen as many: one may be late on a busy machine


@dataclass(frozen=True)
class Shown:
    """What a unit shows of itself that a restart would be for, in `words` ("": nothing).

    `ended`: so the runtime says; `well`: it runs, and its health is good.
    """

    words: str
    ended: bool
    well: bool


NOTHING_SHOWN = Shown("", False, False)


async def look(case: Case, service: Service, unit: Unit, probe: Probe, clock: Clock) -> Shown:
    """Return what a unit shows at this moment; `unit` is what the runtime just said of it."""
    for _ in range(1 if _symptom(case, SymptomKind.INFRASTRUCTURE, service.name) else PROBES):
        health = await probe.check(service.health)
        words = _out(unit, health, clock.now())
        if not words or unit.state in ENDED:
            break
    return Shown(words, unit.state in ENDED, unit.state == "running" and health.healthy)


def full(case: Case, service: str) -> Symptom | None:
    """Return Scout's symptom that one of the service's own resources is used up, or soon will be; None without one."""
    return _symptom(case, SymptomKind.SATURATION, service)


def told(symptom: Symptom) -> str:
    """Return such a symptom in words."""
    return f"Scout sees by what {symptom.service} tells of itself: {symptom.detail}"


def _symptom(case: Case, kind: SymptomKind, service: str) -> Symptom | None:
    found = (one for one in case.detection.symptoms if (one.kind, one.service) == (kind, service))
    return next(found, None)


def _out(unit: Unit, health: Health, now: int) -> str:
    """A unit that was started just now is not judged yet."""
    if unit.state in ENDED:
        return f"the runtime says that {unit.name} has ended ({unit.state})"
    if health.answered or now - unit.since < STARTING_NS:
        return ""
    return f"the health of {unit.name} does not answer: {health.detail}"
