"""An alarm on a share: it fires on the evidence of `sequential_test.py`, and ends by the same test reversed.

Used for latency, errors and conversion. Once it fires, it tests whether the share of good tries has risen above what
a still unhealthy share allows, with a smaller threshold: `RECOVERED_EVERY_S` is the mean time until an unhealthy
share is taken for a healthy one.
"""

from dataclasses import dataclass, field

from sre_space.analysis.statistics.sequential_test import THRESHOLD, SequentialTest

QUIET = 10.0  # strength up to which no fault has begun: the start of a fault is dated from the last time under it
RECOVERED_EVERY_S = 1000.0
SILENCE_NS = 60 * 10**9  # without a try for so long, whether the fault persists is unknown
UNHEALTHY = 0.5  # of the excess when the alarm fired: a share above it is still unhealthy


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
    unhealthy_share: float = 1.0
    tolerated: float = 1.0

    @property
    def firing(self) -> bool:
        """Return True from the alarm until the recovery is statistically certain."""
        return self.fired_at > 0

    def stands(self, now: int) -> bool:
        """Return True while the alarm fires and had a try within the last minute (now in Unix ns)."""
        return self.firing and now - self.seen <= SILENCE_NS

    @property
    def share(self) -> float:
        """Return the share of bad tries since the evidence began, 0 to 1."""
        return self.bad / self.count if self.count else 0.0

    def update(self, begin: int, end: int, count: int, bad: int, tolerated: float) -> None:
        """Add the `bad` of `count` tries of one closed second [begin, end) in Unix ns."""
        if not count:
            return
        if self.firing and begin - self.seen > SILENCE_NS:
            self.forget()
        self.seen = end
        self.since = self.since or begin
        self.count, self.bad = self.count + count, self.bad + bad
        if self.firing:
            self._test_for_recovery(count, bad)
        else:
            self._test_for_fault(end, count, bad, tolerated)

    def _test_for_fault(self, end: int, count: int, bad: int, tolerated: float) -> None:
        """Add a second to the evidence of a fault; fire at the threshold."""
        self.evidence = self.evidence.after(count, bad, tolerated)
        strength = float(self.evidence.strength)
        if strength >= THRESHOLD:
            self.fired_at, self.tolerated = end, tolerated
            self.unhealthy_share = tolerated + UNHEALTHY * max(0.0, self.share - tolerated)
        elif strength <= QUIET:
            self.since, self.count, self.bad = 0, 0, 0

    def _test_for_recovery(self, count: int, bad: int) -> None:
        """Add a second to the evidence of a recovery; reset the alarm at the threshold."""
        self.recovery = self.recovery.after(count, count - bad, 1 - self.unhealthy_share, RECOVERED_EVERY_S)
        if float(self.recovery.strength) >= RECOVERED_EVERY_S:
            self.forget()

    def forget(self) -> None:
        """Reset the alarm: its evidence belongs to something that is over."""
        self.evidence = self.recovery = SequentialTest.none()
        self.since = self.fired_at = self.count = self.bad = 0
