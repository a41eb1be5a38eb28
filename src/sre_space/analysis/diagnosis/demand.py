"""How much more was asked of each kind of work than in health: what takes as many times longer is busy, not slow.

Scout allows the square of it to single requests (docs/decisions/0012); here it is the mean of a group. Only where
nothing was left out: traces are samples otherwise, and how many of them there are says nothing about the load.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.window import Window
from sre_space.analysis.statistics.demand import times_busier


def busier(incident: Window, baselines: Sequence[Window]) -> Mapping[CallGroup, float]:
    """How many times as often each group was at work, 1.0 at least; nothing where a window is a sample."""
    if not baselines or not all(one.telemetry.whole for one in (incident, *baselines)):
        return {}
    before: Counter[CallGroup] = Counter()
    for window in baselines:
        before.update({group: window.groups.size(number) for number, group in enumerate(window.groups.keys)})
    longer = _length(incident) / max(1, sum(_length(one) for one in baselines))
    counts = {group: incident.groups.size(number) for number, group in enumerate(incident.groups.keys)}
    return {group: times_busier(count, before[group] * longer) for group, count in counts.items()}


def _length(window: Window) -> int:
    first, last = window.span_of_time
    return max(1, last - first)
