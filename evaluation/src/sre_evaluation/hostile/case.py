"""Makes one case from its seed: a system, healthy windows, an incident that differs innocently, and perhaps a fault."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sre_evaluation.hostile import choosing, commits
from sre_evaluation.hostile.defects import DEFECTS, EVERYWHERE
from sre_evaluation.hostile.fault import Fault
from sre_evaluation.hostile.faults_inside import Down, Hangs
from sre_evaluation.hostile.innocent import PLANS
from sre_evaluation.hostile.records import Observed
from sre_evaluation.hostile.symptoms import symptoms
from sre_evaluation.hostile.topology import System, random_system
from sre_evaluation.hostile.window import observe
from sre_evaluation.hostile.world import Plan

EPOCH = 1_750_000_000_000_000_000
NS, MS = 1_000_000_000, 1_000_000
NONE = "none"
ROUND = (*choosing.KINDS, *(NONE,) * 12)  # a third of the cases are fault-free
SIGNALS = (
    ("spans", "logs", "metrics"), ("spans", "logs", "metrics"), ("spans", "logs"), ("spans",), ("spans", "metrics"),
    ("logs", "metrics"),
)  # fmt: skip
TRIES = 6  # at a fault that customers feel
SPACING = 15  # coprime to the number of kinds, so that few seeds have many of them


@dataclass(frozen=True)
class Case:
    """One case with its truth. `visible`: customers notice the fault; `symptoms` says what they notice."""

    name: str
    kind: str
    system: System
    faults: tuple[Fault, ...]
    innocent: tuple[str, ...]
    symptoms: tuple[str, ...]
    incident: Observed
    baselines: tuple[Observed, ...]
    starts: tuple[int, ...]  # Unix ns of the incident and of each baseline
    changes: tuple[commits.Record, ...]
    states: tuple[commits.Record, ...]
    alert: commits.Record | None
    signals: tuple[str, ...]  # spans, logs, metrics

    @property
    def truth(self) -> commits.Record:
        """Return the truth as the case sets write it."""
        culprits = list(dict.fromkeys(name for fault in self.faults for name in fault.culprits))
        guilty = next((fault.change for fault in self.faults if fault.change), None)
        record: commits.Record = {
            "case": self.name, "service": culprits[0] if culprits else NONE, "services": culprits or [NONE],
            "kind": self.kind, "change": guilty if self.faults else NONE, "visible": bool(self.symptoms),
            "each": [list(fault.culprits) for fault in self.faults],
            "kinds": sorted({kind for fault in self.faults for kind in fault.kinds}),
            "blameless": guilty is None, "innocent": list(self.innocent), "symptoms": list(self.symptoms),
            "signals": list(self.signals), "spread": len(self.system.services),
        }  # fmt: skip
        return record


def made(seed: int) -> Case:
    """Return the case of a seed, always the same."""
    kind = ROUND[seed * SPACING % len(ROUND)]
    system = random_system(random.Random(f"system {seed}"))
    chance = random.Random(f"case {seed}")
    healthy = Plan(chance.choice((60.0, 90.0, 120.0)), chance.uniform(1.2, 3.5), system.entries)
    healthy = replace(healthy, handled=chance.choice((0.0, 0.02)), everyday=chance.choice((0.0, 0.0, 0.003)))
    signals = chance.choice(SIGNALS)
    different, plan = _differing(healthy, system, chance)
    lost = chance.sample([*DEFECTS], chance.choice((0, 0, 1, 1, 2)))
    everywhere = chance.choice((*("",) * 6, *("tail sampling",) * 3, "only failed spans"))
    baselines = [
        observe(system, healthy, f"baseline {seed} {one}", f"b{one}") for one in range(chance.choice((1, 2, 3)))
    ]
    onset = chance.choice((0.0, 0.0, 0.1, 0.3)) * healthy.seconds * 1000
    incident, faults, felt = _incident(kind, system, plan, baselines, onset, seed)
    noticed = symptoms(incident, baselines) if faults and felt else []
    for observed in (incident, *baselines):
        _exported(observed)
        if everywhere:
            EVERYWHERE[everywhere](observed, random.Random(f"sampling {seed} {observed is incident}"))
    for name in lost:
        DEFECTS[name](incident, random.Random(f"{name} {seed}"))
    start = EPOCH + seed * 86_400 * NS
    begins = tuple(start - int((600 * (one + 1) + 300) * NS) for one in range(len(baselines)))
    known = commits.changes(system, faults, start + int(onset * MS), chance.choice((0, 0, 1, 2, 4)), chance)
    if plan.rollout:
        known.append(_deployed(plan.rollout, start, chance))
    return Case(
        f"hostile-{seed:04d}", kind if faults else NONE, system, tuple(faults),
        (*different, *lost, *filter(None, [everywhere])), tuple(noticed), incident, tuple(baselines), (start, *begins),
        tuple(known), tuple(_states(system, faults, chance)), _alert(system, noticed, start, onset, chance),
        SIGNALS[0] if everywhere == "only failed spans" else signals,
    )  # fmt: skip


def _differing(plan: Plan, system: System, chance: random.Random) -> tuple[list[str], Plan]:
    names = chance.sample([*PLANS], chance.choice((1, 2, 3)))
    for name in names:
        plan = PLANS[name](plan, system, chance)
    return names, plan


def _incident(
    kind: str, system: System, plan: Plan, baselines: Sequence[Observed], onset: float, seed: int
) -> tuple[Observed, list[Fault], bool]:
    """Return the incident, its faults, and whether customers feel them; tried elsewhere and stronger until they do.

    They feel what health does not have, and what the same window without the fault does not have either.
    """
    well = observe(system, plan, f"incident {seed}", "i")
    observed, faults = well, list[Fault]()
    for number in range(TRIES if kind != NONE else 0):
        chance = random.Random(f"fault {seed} {number}")
        faults = choosing.chosen(kind, system, chance) or choosing.chosen("slow code", system, chance)
        if any(fault.service in (plan.rollout, plan.restart) for fault in faults):
            faults = []  # a new instance would not have it
            continue
        for fault in faults:
            fault.since, fault.strength = onset, 1.0 + number
        observed = observe(system, plan, f"incident {seed}", "i", faults)
        if symptoms(observed, baselines) and symptoms(observed, [well]):
            return observed, faults, True
    return observed, faults, False


def _exported(observed: Observed) -> None:
    observed.spans = [span for span in observed.spans if span.end >= 0]


def _deployed(service: str, start: int, chance: random.Random) -> commits.Record:
    return {"id": f"{chance.getrandbits(160):040x}", "time": str(start), "service": service, "kind": "deployment",
            "summary": f"{service} 1.5.0", "diff": ""}  # fmt: skip


def _states(system: System, faults: Sequence[Fault], chance: random.Random) -> list[commits.Record]:
    """Return what runtime and probes say, in half of the cases."""
    if chance.random() < 0.5:
        return []
    ended = {fault.service for fault in faults if isinstance(fault, Down) and fault.instance is None}
    hanging = {fault.service for fault in faults if isinstance(fault, Hangs)}
    return [_state(name, name in ended, name in hanging) for name in system.services]


def _state(service: str, ended: bool, hanging: bool) -> commits.Record:
    runtime = "CrashLoopBackOff, last exit code 1" if ended else "Running, 1/1 ready"
    health, well = (
        "connection refused" if ended else "no answer within 2 s" if hanging else "200",
        not (ended or hanging),
    )
    return {"service": service, "ended": ended, "runtime": runtime, "runtime_id": f"{service}-0", "answered": well,
            "healthy": well, "health": health, "since": 0}  # fmt: skip


def _alert(
    system: System, noticed: Sequence[str], start: int, onset: float, chance: random.Random
) -> commits.Record | None:
    if not noticed or chance.random() < 0.6:
        return None
    metric = "http_5xx_ratio" if "fails" in noticed[0] else "http_p99_ms"
    fired = start + int((onset + 20_000) * MS)
    return {"service": system.entries[0][0].service, "metric": metric, "monitor": "customers", "summary": noticed[0],
            "fired_at": str(fired)}  # fmt: skip
