"""Which leg of a slow call is slow: the request to the callee, or the response back.

A packet queues where it leaves, so a slow leg is its sender's; a receiver that is slow to accept it
is slow in its own work too. Both legs are compared with themselves in health, so a constant
difference of two clocks cancels; a clock that moved meanwhile shortens one leg as it lengthens the
other, and then neither is named.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sre_space.analysis.diagnosis.grouping import CallGroup
from sre_space.analysis.diagnosis.tables import Floats
from sre_space.analysis.diagnosis.window import Window

MIN_SHARE = 0.8  # of the added time that one leg must have to be named
MIN_ALIKE = 0.35  # of the added time that each of two legs has that gain alike


class CallLegs(NamedTuple):
    """The nanoseconds that each leg of a call gained."""

    request: float
    response: float

    @property
    def sender(self) -> int:
        """Return 0 when the caller sent the slow leg, 1 when the callee did, -1 when neither can be named."""
        whole = self.request + self.response
        if whole <= 0 or min(self.request, self.response) < -(1 - MIN_SHARE) * whole:
            return -1
        return 0 if self.request >= MIN_SHARE * whole else 1 if self.response >= MIN_SHARE * whole else -1

    @property
    def alike(self) -> bool:
        """Return True when both legs gain: a connection is opened by an answer, so slow answers slow both.

        What is slow to send delays its request alone, though it then waits twice for it.
        """
        return min(self.request, self.response) >= MIN_ALIKE * (self.request + self.response) > 0


def legs_of(group: CallGroup, incident: Window, baselines: Sequence[Window]) -> CallLegs:
    """Return the gain of each leg of one hop: means now, less medians of all baselines together."""
    now = _legs(group, incident)
    known = [window for window in baselines if group in window.groups.number]
    if not known:
        return CallLegs(0.0, 0.0)
    usual = [np.concatenate(parts) for parts in zip(*(_legs(group, window) for window in known), strict=True)]
    gains = [float(leg.mean() - np.median(before)) for leg, before in zip(now, usual, strict=True)]
    return CallLegs(gains[0], gains[1])


def _legs(group: CallGroup, window: Window) -> tuple[Floats, Floats]:
    """Return the duration (ns) of both legs of the group's calls."""
    rows = window.groups.rows(window.groups.number[group])
    served = window.shape.callee[rows]
    spans = window.spans
    request, response = spans.start[served] - spans.start[rows], spans.end[rows] - spans.end[served]
    return request.astype(np.float64), response.astype(np.float64)
