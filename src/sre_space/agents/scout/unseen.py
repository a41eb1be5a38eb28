"""The times in which Scout saw nothing: it did not run, or telemetry did not reach it. Used by `detectors.py`."""

from collections import deque
from dataclasses import dataclass, field

from sre_space.agents.scout.open_incidents import BEFORE_NS
from sre_space.domain.pauses import Pause

MAX_KEPT = 100


@dataclass
class Unseen:
    """Such times by when they ended; those that touch are one."""

    times: deque[Pause] = field(default_factory=lambda: deque(maxlen=MAX_KEPT))

    def add(self, since: int, until: int) -> None:
        """Nothing was seen in [since, until) Unix ns; 0 for a `since` that nobody knows is not kept."""
        if not 0 < since < until:
            return
        while self.times and since <= self.times[-1].until:
            since = min(since, self.times.pop().since)
        self.times.append(Pause(since, until))

    def before(self, seen: int) -> int:
        """From when on a fault may have been there that was first seen at a Unix ns; 0 when it was seen to begin."""
        near = (one.since for one in reversed(self.times) if one.since < seen and seen - BEFORE_NS <= one.until)
        return next(near, 0)
