"""A slowdown of every service is the fault of none: the cause is the machine that they share, or too much work.

A common mode, in the words of reliability engineering (IEC 61508-6, annex D: common cause failures), here of time: own
work only, since waiting for others is inherited.
"""

from collections import defaultdict
from collections.abc import Sequence

from sre_space.analysis.diagnosis.latency import FEW, usual_times
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.window import Window

SLOWER = 1.5  # how many times slower the least affected service must be
SERVICES = 3  # fewer services may slow down together by chance


def common_slowdown(incident: Window, baselines: Sequence[Window]) -> float:
    """Return how many times as long the own work of the least affected service takes; 1.0 with too few services."""
    usual, own = usual_times(baselines), incident.shape.own
    now: dict[str, float] = defaultdict(float)
    before: dict[str, float] = defaultdict(float)
    for number, group in enumerate(incident.groups.keys):
        rows = incident.groups.rows(number)
        if group.part == Part.WORK and group in usual and len(rows) >= FEW:
            now[group.service] += float(own[rows].sum())
            before[group.service] += len(rows) * max(float(values.mean()) for values in usual[group])
    times = [now[service] / before[service] for service in now if before[service] > 0]
    return min(times) if len(times) >= SERVICES else 1.0
