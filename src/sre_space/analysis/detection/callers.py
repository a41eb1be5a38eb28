"""One caller whose calls fail at several services at once: the common cause is the caller.

Unrelated faults seldom begin together. The caller is accused (its timeout may be too short, it may send too many
requests, or it may lack resources itself), and the network hops to its callees are its victims.
"""

from collections.abc import Sequence
from dataclasses import replace

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.domain.symptoms import SymptomKind

TOGETHER_NS = 10 * 10**9  # about the delay of a detector: closer starts cannot be distinguished


def with_common_callers(findings: Sequence[FiredAlarm]) -> list[FiredAlarm]:
    """Return the alarms, with one more for each caller that several accused callees have in common."""
    hops = [alarm for alarm in findings if alarm.caller and alarm.accuses]
    families = [
        family for family in (_family(hop, hops) for hop in hops) if len({alarm.callee for alarm in family}) > 1
    ]
    shared = {alarm for family in families for alarm in family}
    accused: dict[tuple[str, SymptomKind], FiredAlarm] = {}
    for family in families:
        accused.setdefault((family[0].caller, family[0].symptom.kind), _accusation(family))
    return [replace(alarm, explained=1.0) if alarm in shared else alarm for alarm in findings] + list(accused.values())


def _family(hop: FiredAlarm, hops: Sequence[FiredAlarm]) -> list[FiredAlarm]:
    """Return the calls of the same caller with the same symptom that began at about the same time as this call's."""
    return [
        other
        for other in hops
        if (other.caller, other.symptom.kind) == (hop.caller, hop.symptom.kind)
        and abs(other.symptom.since - hop.symptom.since) <= TOGETHER_NS
    ]


def _accusation(family: Sequence[FiredAlarm]) -> FiredAlarm:
    """Return the alarm that accuses the common caller of a family of calls."""
    first = min(family, key=lambda alarm: alarm.symptom.since)
    callees = " and ".join(sorted({alarm.callee for alarm in family}))
    symptom = replace(first.symptom, service=first.caller, detail=f"calls to {callees}: {first.symptom.detail}")
    return replace(first, symptom=symptom, callee="", caller="", fired=min(alarm.fired for alarm in family))
