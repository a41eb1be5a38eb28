"""Which half of a slow call is slow: the request's way to the callee, or the response's way back.

A packet queues where it leaves, so a slow leg is its sender's; a receiver that is slow to pick up
is slow in its own work too. Both legs are compared with themselves in health, so a constant
difference of two clocks cancels; a clock that moved meanwhile shortens one leg as it lengthens the
other, and then nothing is said.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.tables import Floats
from sre_space.analysis.diagnosis.window import Window

MIN_SHARE = 0.8  # of the added time, on one leg, to say that it is that leg


class CallLegs(NamedTuple):
    """Nanoseconds that each leg of a call gained."""

    request: float
    response: float

    @property
    def sender(self) -> int:
        """0 when the caller sent the slow leg, 1 when the callee did, -1 when nothing can be said."""
        whole = self.request + self.response
        if whole <= 0 or min(self.request, self.response) < -(1 - MIN_SHARE) * whole:
            return -1
        return 0 if self.request >= MIN_SHARE * whole else 1 if self.response >= MIN_SHARE * whole else -1


def legs_of(group: CallGroup, incident: Window, baselines: Sequence[Window]) -> CallLegs:
    """The gain of each leg of one way: means now, medians of all baselines together."""
    now = _legs(group, incident)
    known = [window for window in baselines if group in window.groups.number]
    if not known:
        return CallLegs(0.0, 0.0)
    usual = [np.concatenate(parts) for parts in zip(*(_legs(group, window) for window in known), strict=True)]
    gains = [float(leg.mean() - np.median(before)) for leg, before in zip(now, usual, strict=True)]
    return CallLegs(gains[0], gains[1])


def _legs(group: CallGroup, window: Window) -> tuple[Floats, Floats]:
    rows = window.groups.rows(window.groups.number[group])
    served = window.shape.callee[rows]
    spans = window.spans
    there, back = spans.start[served] - spans.start[rows], spans.end[rows] - spans.end[served]
    return there.astype(np.float64), back.astype(np.float64)
