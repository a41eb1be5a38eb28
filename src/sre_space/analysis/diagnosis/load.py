"""More requests than in health at the place where they come in: then the services below are not to blame.

Told by metrics alone: traces are samples, and how many of them there are says nothing about the load.
"""

import math
from collections import defaultdict
from collections.abc import Sequence

from sre_space.analysis.diagnosis.findings import Finding, Sense
from sre_space.analysis.diagnosis.graph import Graph
from sre_space.analysis.diagnosis.metric_words import Meaning
from sre_space.analysis.diagnosis.metrics import Shift
from sre_space.analysis.diagnosis.signals import charged
from sre_space.domain.facts import CauseKind, Evidence

SURGE = 2.0  # times the usual rate
UNLIKELY = 0.01


def load_findings(shifts: Sequence[Shift], graph: Graph) -> list[Finding]:
    """The surge at every service whose callers did not surge themselves and are not the ones that multiply it."""
    surges: dict[str, list[Shift]] = defaultdict(list)
    for shift in shifts:
        if (
            shift.meaning is Meaning.TRAFFIC
            and shift.chance <= UNLIKELY
            and shift.now >= SURGE * max(shift.usual, math.ulp(1.0))
        ):
            surges[charged(shift)].append(shift)
    called = {callee for _, callee in graph.calls}
    return [_finding(service, found[0]) for service, found in surges.items() if service not in called]


def _finding(service: str, shift: Shift) -> Finding:
    told = f"{shift.series.label} is {shift.now:.4g}, usually {shift.usual:.4g}: more comes in than in health"
    evidence = Evidence(f"metric:{shift.series.label}", told)
    return Finding(service, "", CauseKind.TRAFFIC, Sense.LOAD, shift.harm, shift.chance, evidence, shift.since)
