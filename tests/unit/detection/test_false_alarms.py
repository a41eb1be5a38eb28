"""Thirty healthy days: how often the detectors accuse an application that is well.

The days lie side by side: each is a lane of the same arrays, for every operation and both of its alarms, so one call of
`SequentialTest.after`, the very function that judges in production, moves thirty days by a second. Baselines and
thresholds are real ones, fed in stretches of minutes. A second's number of requests, and of slow and failed ones, is
drawn from the law of its stretch (Poisson, and binomial at the threshold) instead of drawing every duration: the
detectors see nothing else of a second. Every day learns anew from midnight on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from support.amounts import amount
from support.traffic_model import (
    BACKGROUND_ERRORS,
    BURST_SHARE,
    BURSTS_A_DAY,
    BUY_SHARE,
    DAY_S,
    OPERATIONS,
    PAUSES_A_DAY,
    law,
    rhythm,
)

from sre_space.analysis.detection.baseline import Baseline
from sre_space.analysis.detection.burn_rate import Budget
from sre_space.analysis.detection.conversion import EXTRA_LOST, FLOOR, MIN_LOST
from sre_space.analysis.detection.saturation import Resource, Saturation
from sre_space.analysis.detection.thresholds import thresholds_of
from sre_space.analysis.statistics.sequential_test import THRESHOLD, SequentialTest
from sre_space.analysis.statistics.share_bounds import tolerated
from sre_space.analysis.statistics.sketch import MIN_BUCKET, Durations, Sketch, middle_of

pytestmark = pytest.mark.matrix  # many seeds and virtual days
DAYS = 30
SECOND = 10**9
LEARN_AT = (0, 60, 120, 240, *range(600, DAY_S + 1, 600))
LOADS = np.linspace(0, 1, 11)
BUSIEST = 6.0  # visits a second at a load of 1

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


def nearest(load: float) -> int:
    """Return the index of the nearest load in `LOADS`."""
    return int(np.abs(LOADS - load).argmin())


def loads(begin: int) -> Floats:
    """Of every day at this second of the day."""
    return np.array([rhythm(day * DAY_S + begin) for day in range(DAYS)])


@dataclass
class Days:
    """One operation on all days: a baseline each, and the limits that it sets for the stretch under way."""

    laws: Floats
    chance: np.random.Generator
    baselines: list[Baseline] = field(default_factory=lambda: [Baseline() for _ in range(DAYS)])
    slow: Counts = field(default_factory=lambda: np.zeros(DAYS, np.int64))
    limits: Floats = field(default_factory=lambda: np.ones((2, DAYS)))  # tolerated: slow, failed

    def learn(self, begin: int, end: int) -> None:
        """Feed the seconds [begin, end) of every day to its baseline; set the limits of each one that is ready."""
        for day, load in enumerate(loads(begin)):
            baseline = self.baselines[day]
            baseline.offer(begin + 1, self._stretch(load, end - begin))
            baseline.learn(end, lambda _: True)
            if baseline.ready:
                thresholds = thresholds_of(baseline)
                self.slow[day] = thresholds.slow
                self.limits[:, day] = thresholds.slow_tolerated, thresholds.errors_tolerated

    def _stretch(self, load: float, seconds: int) -> Sketch:
        count = int(self.chance.poisson(BUSIEST * load * seconds))
        drawn = self.chance.multinomial(count, self.laws[nearest(load)])
        buckets = {MIN_BUCKET + int(at): int(drawn[at]) for at in np.flatnonzero(drawn)}
        total = int(sum(middle_of(bucket) * number for bucket, number in buckets.items()))
        return Sketch(Durations(count, total, buckets), int(self.chance.binomial(count, BACKGROUND_ERRORS)))

    def seconds(self, begin: int, end: int, pauses: Counts, bursts: Counts) -> tuple[Counts, Counts, Counts]:
        """Return the numbers of all, slow and failed requests in each second, each of shape (days, seconds)."""
        load = loads(begin)
        tails = [
            self.laws[nearest(one)][slow - MIN_BUCKET + 1 :].sum() for one, slow in zip(load, self.slow, strict=True)
        ]
        count = self.chance.poisson(BUSIEST * load[:, None], (DAYS, end - begin))
        slow = np.where(pauses, count, self.chance.binomial(count, np.array(tails)[:, None]))
        failed = self.chance.binomial(count, np.where(bursts, BURST_SHARE, BACKGROUND_ERRORS))
        return count, slow, failed


@dataclass
class Buyers:
    """Conversion on all days: a little lower at night. Two limits: the floor, and what is learnt."""

    chance: np.random.Generator
    asked: Counts = field(default_factory=lambda: np.zeros(DAYS, np.int64))
    lost: Counts = field(default_factory=lambda: np.zeros(DAYS, np.int64))

    def seconds(self, begin: int, end: int) -> tuple[Counts, Counts]:
        """Who asked and who did not buy; learnt at once, since nothing here is a fault."""
        load = loads(begin)[:, None]
        asked = self.chance.poisson(BUSIEST * load, (DAYS, end - begin))
        lost = self.chance.binomial(asked, 1 - BUY_SHARE + 0.05 * (1 - load))
        self.asked, self.lost = self.asked + asked.sum(axis=1), self.lost + lost.sum(axis=1)
        return asked, lost

    @property
    def limits(self) -> Floats:
        """Tolerated shares of those who do not buy."""
        numbers = zip(self.lost.tolist(), self.asked.tolist(), strict=True)
        usual = [tolerated(lost, asked, MIN_LOST, EXTRA_LOST) for lost, asked in numbers]
        return np.array([[1 - FLOOR] * DAYS, usual])


def begun(chance: np.random.Generator, a_day: float, seconds: int) -> Counts:
    """Which seconds of every day lie in an episode of one or two seconds."""
    starts = chance.random((DAYS, seconds)) < a_day / DAY_S
    longer = np.roll(starts & (chance.random(starts.shape) < 0.5), 1, axis=1)
    return (starts | longer).astype(np.int64)


def stretches(seed: int) -> Iterator[tuple[Counts, Counts, Floats]]:
    """Yield for each period attempts and bad ones, shape (lanes, seconds), and the tolerated shares of the lanes."""
    chance = np.random.default_rng(seed)
    laws = [np.array([law(operation, load, chance) for load in LOADS]) for operation in OPERATIONS]
    watched, buyers = [Days(one, chance) for one in laws], Buyers(chance)
    for begin, end in pairwise(LEARN_AT):
        pauses, bursts = begun(chance, PAUSES_A_DAY, end - begin), begun(chance, BURSTS_A_DAY, end - begin)
        limits = np.concatenate([*(one.limits for one in watched), buyers.limits]).ravel()
        drawn = [one.seconds(begin, end, pauses, bursts) for one in watched]
        asked, lost = buyers.seconds(begin, end)
        tries = np.concatenate([*(part for count, _, _ in drawn for part in (count, count)), asked, asked])
        bad = np.concatenate([*(part for _, slow, failed in drawn for part in (slow, failed)), lost, lost])
        yield tries, bad, limits
        for one in watched:
            one.learn(begin, end)


def false_alarms(seed: int, parts: int | None) -> int:
    """Alarms in so many stretches of thirty healthy days, all detectors on shares together."""
    alarms, closest, evidence = 0, 0.0, None
    for tries, bad, limits in islice(stretches(seed), parts):
        evidence = evidence or SequentialTest.none(len(limits))
        for second in range(tries.shape[1]):
            evidence = evidence.after(tries[:, second], bad[:, second], limits)
            strength = evidence.strength
            closest = max(closest, float(strength.max()))
            if closest >= THRESHOLD:
                alarms += int((strength >= THRESHOLD).sum())
                evidence = SequentialTest(np.where(strength >= THRESHOLD, 0.0, evidence.capital))
    print(f"\n{alarms} alarms in {DAYS} days; the closest reached {closest:.1e} of {THRESHOLD:.1e}")
    return alarms


def test_thirty_healthy_days_raise_at_most_one_alarm_on_latency_errors_and_conversion() -> None:
    """The first hours of each, or all of them with EXAMPLES=all."""
    assert false_alarms(1, amount(None, 12)) <= 1


def test_the_same_days_with_one_bad_minute_alarm_on_every_lane_that_had_visitors() -> None:
    """The run above is not silent because it is deaf."""
    evidence, at_work = None, np.zeros(0)
    for number, (tries, bad, limits) in enumerate(stretches(seed=2)):
        evidence = evidence or SequentialTest.none(len(limits))
        wrong = number == 40
        for second in range(60):
            evidence = evidence.after(tries[:, second], tries[:, second] if wrong else bad[:, second], limits)
        if wrong:
            at_work = (tries[:, :60].sum(axis=1) >= 60) & (limits < 0.9)
            break

    assert evidence
    assert at_work.sum() > len(at_work) / 2
    assert (evidence.strength[at_work] >= THRESHOLD).all()


@pytest.mark.parametrize(
    ("scale", "days", "step"), [(1.0, amount(DAYS, 5), 5), (1 / 60, amount(3, 1), 1)], ids=["workbook", "demo"]
)
def test_healthy_days_burn_no_alert(scale: float, days: int, step: int) -> None:
    """Attempts in steps of seconds, with the bursts of failures that a healthy application has."""
    chance, budget = np.random.default_rng(1), Budget("buy-insurance", scale=scale)
    for day in range(days):
        seconds = np.arange(day * DAY_S, (day + 1) * DAY_S, step)
        load = np.array([rhythm(second) for second in seconds.tolist()])
        attempts = chance.poisson(2 * BUSIEST * load * step)
        burst = chance.random(len(seconds)) < BURSTS_A_DAY * step / DAY_S
        share = np.where(burst, BURST_SHARE * min(1.0, 1.5 / step), BACKGROUND_ERRORS)
        bad = chance.binomial(attempts, share)
        for second, count, failed in zip(seconds.tolist(), attempts.tolist(), bad.tolist(), strict=True):
            budget.add(second * SECOND, count - failed, failed)
            assert not failed or budget.burning(second * SECOND) == []


def test_a_day_of_a_healthy_memory_is_no_alarm() -> None:
    """Two samples a second: the rhythm of the day, and a collector that gives back after each 40 s."""
    chance = np.random.default_rng(1)
    for range_ in amount((0.1, 0.3, 0.5), (0.3,)):
        memory = Saturation(Resource("policy-service", "memory", 1.0))
        noise = chance.normal(0, 0.005, DAY_S * 2)
        for number in range(DAY_S * 2):
            at = number / 2
            level = 0.2 + 0.1 * rhythm(at) + range_ * (at % 40) / 40 + noise[number]
            memory.update(int(at * SECOND) + SECOND, level)
            assert not memory.firing or at < 120
