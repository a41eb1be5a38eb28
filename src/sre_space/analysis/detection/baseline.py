"""The usual behaviour of an operation, learnt from healthy seconds only: a ring of hourly blocks over the last day.

One day holds the daily rhythm, so the bounds cover its slowest hour; until a day is full, the minimum effects
of the detectors cover what is missing. A second is learnt half a minute after its evaluation at the earliest,
and not while an alarm gathers evidence, so that a fault is not learnt before it is detected.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

from sre_space.analysis.statistics.sketch import Durations, Sketch

BLOCK_S, BLOCKS = 3600, 24
QUARANTINE_S = 30
MAX_QUARANTINE_S = 300  # a second that is still doubtful after so long is never learnt
MIN_LEARNT_S, MIN_LEARNT_COUNT = 60, 100  # the detector is LEARNING until both are reached


@dataclass
class Baseline:
    """The baseline of one operation or indicator. Seconds are Unix seconds of event time."""

    waiting: dict[int, Sketch] = field(default_factory=dict)
    blocks: dict[int, Sketch] = field(default_factory=dict)
    seconds: dict[int, int] = field(default_factory=dict)
    usual: Durations = field(default_factory=Durations)
    errors: int = 0
    first: int = 0
    last: int = 0

    @property
    def ready(self) -> bool:
        """Return True when enough is learnt to set thresholds; False while the detector is LEARNING."""
        return self.usual.count >= MIN_LEARNT_COUNT and self.last - self.first >= MIN_LEARNT_S

    @property
    def busiest(self) -> float:
        """Return the spans a second of the busiest hour, counting only seconds that had spans."""
        return max((block.count / self.seconds[number] for number, block in self.blocks.items()), default=0.0)

    @property
    def learnt(self) -> str:
        """Return, as text for people, how much of the required requests and seconds is learnt."""
        seconds = min(MIN_LEARNT_S, self.last - self.first)
        count = min(MIN_LEARNT_COUNT, self.usual.count)
        return f"{count} of {MIN_LEARNT_COUNT} requests and {seconds} of {MIN_LEARNT_S} s are learnt"

    def ready_at(self, now: int) -> int:
        """Return the Unix second from which the baseline is ready at the present rate; 0 before the first request."""
        begin = self.first or min(self.waiting, default=0)
        seen = self.usual.count + sum(sketch.count for sketch in self.waiting.values())
        if not seen:
            return 0
        enough = max(MIN_LEARNT_S, math.ceil(MIN_LEARNT_COUNT * max(1, now - begin) / seen))
        return max(now, begin + enough + QUARANTINE_S)

    def offer(self, second: int, sketch: Sketch) -> None:
        """Keep the sketch of an evaluated second in quarantine; `learn` decides later whether to learn it."""
        if second in self.waiting:
            self.waiting[second].merge(sketch)
        else:
            self.waiting[second] = sketch

    def learn(self, until: int, healthy: Callable[[int], bool]) -> bool:
        """Learn the healthy seconds before `until` and drop the others; return True when there were any."""
        due = [second for second in self.waiting if second < until]
        for second in sorted(due):
            sketch = self.waiting.pop(second)
            if healthy(second):
                self._take_in(second, sketch)
        return bool(due)

    def drop_before(self, second: int) -> None:
        """Drop the quarantined seconds before a Unix second: they stayed doubtful for too long."""
        for expired in [waiting for waiting in self.waiting if waiting < second]:
            del self.waiting[expired]

    def latest(self, since: int, until: float = math.inf) -> list[Sketch]:
        """Return the sketches of the newest quarantined seconds in [since, until), at most half a minute of them."""
        return [self.waiting[second] for second in sorted(self.waiting) if since <= second < until][-QUARANTINE_S:]

    def _take_in(self, second: int, sketch: Sketch) -> None:
        number = second // BLOCK_S
        if number not in self.blocks:
            self._expire(number - BLOCKS)
        block = self.blocks.setdefault(number, Sketch())
        block.durations.merge(sketch.durations)
        block.errors += sketch.errors
        self.seconds[number] = self.seconds.get(number, 0) + 1
        self.usual.merge(sketch.durations)
        self.errors += sketch.errors
        self.first = self.first or second
        self.last = max(self.last, second)

    def _expire(self, last: int) -> None:
        for number in [block for block in self.blocks if block <= last]:
            old = self.blocks.pop(number)
            del self.seconds[number]
            self.usual.remove(old.durations)
            self.errors -= old.errors
