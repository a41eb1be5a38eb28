"""The times in which Scout saw nothing: it did not run, or telemetry was stale. Used by `detectors.py`."""

from collections import deque
from dataclasses import dataclass, field

from sre_space.agents.scout.inhibitions import BEFORE_NS
from sre_space.domain.pauses import Pause

MAX_TIMES = 100


@dataclass
class Unseen:
    """The times in which Scout saw nothing, oldest first; times that touch are merged."""

    times: deque[Pause] = field(default_factory=lambda: deque(maxlen=MAX_TIMES))

    def add(self, since: int, until: int) -> None:
        """Add [since, until) (Unix ns) as unseen; a `since` of 0 is unknown and is not added."""
        if not 0 < since < until:
            return
        while self.times and since <= self.times[-1].until:
            since = min(since, self.times.pop().since)
        self.times.append(Pause(since, until))

    def before(self, seen: int) -> int:
        """Return from when on a fault first seen at `seen` (Unix ns) may have existed; 0 when it was seen to begin."""
        adjacent = (time.since for time in reversed(self.times) if time.since < seen and seen - BEFORE_NS <= time.until)
        return next(adjacent, 0)
