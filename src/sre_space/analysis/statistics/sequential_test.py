"""Whether the share of bad tries rose above the tolerated share: the sequential test behind every alarm on shares.

A mixture Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework
for sequential change detection", New England Journal of Statistics in Data Science 2023; Shiryaev 1963,
Roberts 1966). Each second bets on four alternatives q over the tolerated share p0; a bet multiplies its
capital by (q / p0)**bad * ((1 - q) / (1 - p0))**good, whose expectation is at most 1 whatever the order and
dependence, as long as each try is bad with a probability of at most p0 given the past. Each second
also opens a new bet of 1, so the sum of the capitals minus the seconds is a supermartingale and

    P(an alarm within t seconds with tries) <= t / THRESHOLD            (Doob's inequality)

The gain of one second is capped: winning less keeps the bound, and tries that fail together (a pause
of the machine) are not independent evidence.

All functions work on one detector or on an array of them (`lanes`), one number a lane.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Lanes = NDArray[np.float64]

DETECTORS = 100  # the number of detectors that share the budget of false alarms
FALSE_ALARM_EVERY_S = 365 * 86_400  # of all detectors together, on average at least
THRESHOLD = float(DETECTORS * FALSE_ALARM_EVERY_S)  # 3.2e9
MIN_BAD_SECONDS = 4  # the smallest number of bad seconds that can raise an alarm
ALTERNATIVES = np.array([0.1, 0.3, 0.6, 0.95])  # of the way from the tolerated share to 1
MAX_TOLERATED = 0.98  # a tolerated share over it cannot be exceeded measurably


@dataclass(frozen=True)
class SequentialTest:
    """The state of the test: the capital of each alternative's bets, shape (alternatives, *lanes)."""

    capital: Lanes

    @classmethod
    def none(cls, *lanes: int) -> "SequentialTest":
        """Return the test before the first observation, with no capital."""
        return cls(np.zeros((len(ALTERNATIVES), *lanes)))

    @property
    def strength(self) -> Lanes:
        """Return the test statistic of each lane; the alarm fires when it reaches the threshold."""
        return np.asarray(self.capital.sum(axis=0))

    def after(
        self, count: ArrayLike, bad: ArrayLike, tolerated: ArrayLike, threshold: float = THRESHOLD
    ) -> "SequentialTest":
        """Return the test after one more second with `bad` of `count` tries; a second without tries changes nothing."""
        tries, failed = np.asarray(count, float), np.asarray(bad, float)
        null = np.minimum(np.asarray(tolerated, float), MAX_TOLERATED)
        shape = (len(ALTERNATIVES), *(1,) * (self.capital.ndim - 1))
        alternative = null + (1 - null) * ALTERNATIVES.reshape(shape)
        log_gain = failed * np.log(alternative / null) + (tries - failed) * np.log((1 - alternative) / (1 - null))
        factor = np.exp(np.minimum(log_gain, np.log(threshold) / MIN_BAD_SECONDS))
        capital = np.minimum((self.capital + 1 / len(ALTERNATIVES)) * factor, threshold)
        return SequentialTest(np.where(tries > 0, capital, self.capital))
