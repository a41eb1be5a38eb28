"""How much more often each kind of work ran than in health: work that takes as many times longer is busy, not slow.

Scout allows the square of it to single requests (docs/decisions/0012); here it is the mean of a group. Only for windows
that hold every trace: otherwise traces are samples, and their number says nothing about the load.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.demand import times_busier


def busier(incident: Window, baselines: Sequence[Window]) -> Mapping[CallGroup, float]:
    """Return how many times as often each group ran, at least 1.0; empty when a window is a sample."""
    if not baselines or not all(window.telemetry.whole for window in (incident, *baselines)):
        return {}
    before: Counter[CallGroup] = Counter()
    for window in baselines:
        before.update({group: window.groups.size(number) for number, group in enumerate(window.groups.keys)})
    ratio = _length(incident) / max(1, sum(_length(window) for window in baselines))
    counts = {group: incident.groups.size(number) for number, group in enumerate(incident.groups.keys)}
    return {group: times_busier(count, before[group] * ratio) for group, count in counts.items()}


def _length(window: Window) -> int:
    """Return the length of a window in ns, at least 1."""
    first, last = window.span_of_time
    return max(1, last - first)
