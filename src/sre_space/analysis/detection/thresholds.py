"""The thresholds of an operation that its learnt baseline sets for latency and errors.

A request is slow when it lasts longer than the usual worst, at least twice the median, and at least 100 ms more
than it: a tenth of a second is about what people still feel as at once (Nielsen, Usability Engineering, 1993).
Busy is not broken: with n times the requests of its busiest hour an operation may take n * n times longer, up to the
second at which people's thoughts are interrupted (ibid.). A request in a queue waits r / (1 - r) service times, r
being the utilisation of the server (M/M/1: Kleinrock, Queueing Systems, 1975): from r = 0.2 that grows 16 times under
four times the demand, and less than n * n times under less.
Both detectors then watch a share: of slow requests, of failed ones. A shift of the whole distribution moves the share
of slow ones from a few per cent to most, and a share is bounded whatever the distribution looks like.
"""

from dataclasses import dataclass

from sre_space.analysis.detection.baseline import Baseline
from sre_space.analysis.statistics.demand import times_busier
from sre_space.analysis.statistics.share_bounds import tolerated
from sre_space.analysis.statistics.sketch import bucket_of, middle_of
from sre_space.domain.symptoms import UsualRequests

SECOND = 10**9
USUAL_WORST = 0.95  # quantile
TIMES_SLOWER, SLOWER_NS = 2.0, 100_000_000  # the smallest shift worth an incident: both must be exceeded
SLOW_TOLERATED = ERRORS_EXTRA = SLOW_EXTRA = 0.1
ERRORS_TOLERATED = 0.005
MAX_BUSY_NS = 1_000_000_000


@dataclass(frozen=True)
class Thresholds:
    """The thresholds of one operation: durations in ns, shares from 0 to 1, `busiest` in requests a second.

    `slow` is a bucket: durations above it are slow.
    """

    median: float
    mean: float
    slow: int
    slow_tolerated: float
    error_share: float
    errors_tolerated: float
    busiest: float = 0.0
    slow_share: float = 0.0

    @classmethod
    def of(cls, usual: UsualRequests) -> "Thresholds":
        """Return the thresholds that a fact has recorded."""
        return cls(
            usual.median * SECOND,
            usual.mean * SECOND,
            bucket_of(int(usual.slow * SECOND)),
            usual.slow_tolerated,
            usual.error_share,
            usual.errors_tolerated,
            usual.busiest,
            usual.slow_share,
        )

    @property
    def usual(self) -> UsualRequests:
        """Return the thresholds as a fact records them."""
        return UsualRequests(
            self.median / SECOND,
            self.mean / SECOND,
            self.slow_from / SECOND,
            self.slow_tolerated,
            self.error_share,
            self.errors_tolerated,
            self.busiest,
            self.slow_share,
        )

    def slow_under(self, count: int, seconds: int) -> int:
        """Return the bucket above which a request is slow while `count` requests came in so many seconds."""
        times = times_busier(count, self.busiest * seconds)
        if times == 1.0:
            return self.slow
        return max(self.slow, min(bucket_of(int(self.slow_from * times**2)), bucket_of(MAX_BUSY_NS)))

    @property
    def slow_from(self) -> float:
        """Return the duration in ns above which a request is slow, within 2 %."""
        return middle_of(self.slow)


def slow_over(median: float) -> float:
    """Return the duration in ns that is slow for this usual median, whatever the usual worst is."""
    return max(TIMES_SLOWER * median, median + SLOWER_NS)


def thresholds_of(baseline: Baseline) -> Thresholds:
    """Return the thresholds that a baseline sets; the baseline must be ready."""
    usual = baseline.usual
    median = usual.quantile(0.5)
    slow = max(usual.bucket_at(USUAL_WORST), bucket_of(int(slow_over(median))))
    return Thresholds(
        median=median,
        mean=usual.mean,
        slow=slow,
        slow_tolerated=tolerated(usual.above(slow), usual.count, SLOW_TOLERATED, SLOW_EXTRA),
        error_share=baseline.errors / usual.count,
        errors_tolerated=tolerated(baseline.errors, usual.count, ERRORS_TOLERATED, ERRORS_EXTRA),
        busiest=baseline.busiest,
        slow_share=usual.above(slow) / usual.count,
    )
