"""One caller whose calls fail at several services at once: what those have in common is the caller.

Unrelated faults seldom begin together. The caller is accused (it may give up too early, ask too much, or be starved
itself), and the ways to its callees are its victims.
"""

from collections.abc import Sequence
from dataclasses import replace

from sre_space.analysis.detection.blame import FiredAlarm
from sre_space.domain.symptoms import SymptomKind

TOGETHER_NS = 10 * 10**9  # about what a detector needs: starts that lie closer cannot be told apart


def with_common_callers(findings: Sequence[FiredAlarm]) -> list[FiredAlarm]:
    """The findings, with one more for each caller that its accused callees have in common."""
    ways = [one for one in findings if one.caller and one.accuses]
    families = [family for family in (_family(way, ways) for way in ways) if len({one.callee for one in family}) > 1]
    shared = {one for family in families for one in family}
    accused: dict[tuple[str, SymptomKind], FiredAlarm] = {}
    for family in families:
        accused.setdefault((family[0].caller, family[0].symptom.kind), _accusation(family))
    return [replace(one, explained=1.0) if one in shared else one for one in findings] + list(accused.values())


def _family(way: FiredAlarm, ways: Sequence[FiredAlarm]) -> list[FiredAlarm]:
    """The calls of the same caller that suffer alike and began to about when this one did."""
    return [
        one
        for one in ways
        if (one.caller, one.symptom.kind) == (way.caller, way.symptom.kind)
        and abs(one.symptom.since - way.symptom.since) <= TOGETHER_NS
    ]


def _accusation(family: Sequence[FiredAlarm]) -> FiredAlarm:
    first = min(family, key=lambda one: one.symptom.since)
    callees = " and ".join(sorted({one.callee for one in family}))
    symptom = replace(first.symptom, service=first.caller, detail=f"calls to {callees}: {first.symptom.detail}")
    return replace(first, symptom=symptom, callee="", caller="", fired=min(one.fired for one in family))
