"""An alarm on a share: fires on the evidence of `sequential_test.py`, ends on the same evidence turned round.

Used for latency, errors and conversion. Once it fires it asks the opposite question, whether the share of
good ones has risen above what a still sick share allows, with a smaller threshold: `RECOVERED_EVERY_S` is the
mean time until a sick share is taken for a healthy one.
"""

from dataclasses import dataclass, field

from sre_space.analysis.statistics.sequential_test import THRESHOLD, SequentialTest

QUIET = 10.0  # evidence up to which the fault, if there is one, has not begun: the start is dated from there
RECOVERED_EVERY_S = 1000.0
SILENCE_NS = 60 * 10**9  # without a try: a fault that nobody meets any more is not known to be there
SICK = 0.5  # of the excess seen when it fired: a share above this is still sick


@dataclass
class ShareAlarm:
    """One alarm's state, independent of the number of tries. Times are Unix ns of event time.

    `since` is when the evidence began, 0 when there is none; `fired_at` is the end of the second that decided.
    `count` and `bad` are the tries since `since`, the last of them in the second that ended at `seen`.
    """

    evidence: SequentialTest = field(default_factory=SequentialTest.none)
    recovery: SequentialTest = field(default_factory=SequentialTest.none)
    since: int = 0
    fired_at: int = 0
    seen: int = 0
    count: int = 0
    bad: int = 0
    sick: float = 1.0
    tolerated: float = 1.0

    @property
    def firing(self) -> bool:
        """True from the alarm until the recovery is as certain as it must be."""
        return self.fired_at > 0

    def stands(self, now: int) -> bool:
        """True while it fires and was fed within the last minute."""
        return self.firing and now - self.seen <= SILENCE_NS

    @property
    def share(self) -> float:
        """Of bad tries since the evidence began."""
        return self.bad / self.count if self.count else 0.0

    def update(self, begin: int, end: int, count: int, bad: int, tolerated: float) -> None:
        """Take in the `bad` of `count` tries of one closed second [begin, end)."""
        if not count:
            return
        if self.firing and begin - self.seen > SILENCE_NS:
            self.forget()
        self.seen = end
        self.since = self.since or begin
        self.count, self.bad = self.count + count, self.bad + bad
        if self.firing:
            self._look_for_recovery(count, bad)
        else:
            self._look_for_fault(end, count, bad, tolerated)

    def _look_for_fault(self, end: int, count: int, bad: int, tolerated: float) -> None:
        self.evidence = self.evidence.after(count, bad, tolerated)
        strength = float(self.evidence.strength)
        if strength >= THRESHOLD:
            self.fired_at, self.tolerated = end, tolerated
            self.sick = tolerated + SICK * max(0.0, self.share - tolerated)
        elif strength <= QUIET:
            self.since, self.count, self.bad = 0, 0, 0

    def _look_for_recovery(self, count: int, bad: int) -> None:
        self.recovery = self.recovery.after(count, count - bad, 1 - self.sick, RECOVERED_EVERY_S)
        if float(self.recovery.strength) >= RECOVERED_EVERY_S:
            self.forget()

    def forget(self) -> None:
        """Begin anew: what was seen belongs to something that is over."""
        self.evidence = self.recovery = SequentialTest.none()
        self.since = self.fired_at = self.count = self.bad = 0
