"""What slows every service is the fault of none: the machine that they share, or more work than it can do.

A common mode, in the words of reliability engineering (IEC 61508-6, annex D: common cause failures), here of time: own
work only, since waiting for others is inherited.
"""

from collections import defaultdict
from collections.abc import Sequence

from sre_space.analysis.diagnosis.latency import FEW, usual_times
from sre_space.analysis.diagnosis.selftime import Part
from sre_space.analysis.diagnosis.window import Window

SLOWER = 1.5  # times, of the service that is slowed least
SERVICES = 3  # fewer may share a fault by chance


def common_slowdown(incident: Window, baselines: Sequence[Window]) -> float:
    """How many times as long the own work of the least affected service takes; 1.0 when too few are known."""
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
