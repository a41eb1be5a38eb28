"""What a service uses of its resources beyond what its other instances, or other services, use more of them.

More requests use more of everything, and so does a machine that is slow for all: what the instances of one service
share, or most services, is the fault of none of them. An instance that is ill among well ones stands out.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from sre_space.analysis.diagnosis.metric_words import Meaning, is_unused
from sre_space.analysis.diagnosis.metrics import Shift, lost_share

OTHERS = 2  # instances of the same service, or else other services, whose median tells what is common


def beyond_others(every: Sequence[Shift]) -> list[Shift]:
    """Return the measures of use, and those of unknown meaning, that grew by more than those of others."""
    by_name: dict[str, list[Shift]] = defaultdict(list)
    for shift in every:
        if _is_use(shift):
            by_name[shift.series.name].append(shift)
    relative = [shift for alike in by_name.values() for shift in _relative(alike)]
    return [shift for shift in relative if shift.impact > 0]


def _is_use(shift: Shift) -> bool:
    use = shift.meaning in (Meaning.SATURATION, Meaning.OTHER)
    return use and not is_unused(shift.series.name, shift.series.attributes)


def _relative(alike: Sequence[Shift]) -> Iterator[Shift]:
    """Yield the shifts of one measure less what is common.

    What health does not use at all is compared with what others use.
    """
    growths: dict[str, dict[str, float]] = defaultdict(dict)
    for shift in alike:
        if shift.usual > 0:
            growths[shift.series.service][shift.series.label] = shift.steady / shift.usual
    medians = {service: float(np.median(list(each.values()))) for service, each in growths.items()}
    typical = float(np.median([shift.usual for shift in alike if shift.usual > 0] or [0.0]))
    for shift in alike:
        instances = [growth for label, growth in growths[shift.series.service].items() if label != shift.series.label]
        services = [growth for service, growth in medians.items() if service != shift.series.service]
        others = instances if len(instances) >= OTHERS else services
        common = max(1.0, float(np.median(others))) if len(others) >= OTHERS else 1.0
        before = (shift.usual or shift.high or typical) * common
        impact = lost_share(shift.series.name, shift.meaning, before, shift.steady)
        yield replace(shift, impact=min(shift.impact, impact))
