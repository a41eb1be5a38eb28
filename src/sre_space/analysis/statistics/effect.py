"""Whether an action changed the success of a journey. Scout asks while verifying, when the symptom persists."""

from collections.abc import Collection, Mapping
from enum import Enum

from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import JourneyCount

MATERIAL = 0.1  # of all attempts: a smaller drop in success does not count as WORSE
EASED = 0.5  # of a symptom's strength: at or below this share the symptom has eased


Quick = Mapping[str, tuple[int, int]]  # quick and other attempts, by step


class Effect(Enum):
    """The change in a journey's success after an action."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


def effect(before: JourneyCount, after: JourneyCount) -> Effect:
    """Return BETTER or WORSE when the 95 % Wilson intervals of success before and after do not overlap, otherwise SAME.

    WORSE also requires that the success rate fell by at least a tenth of all attempts.
    Two intervals that do not overlap differ at far less than 5 % (Schenker and Gentleman 2001).
    """
    low_before, high_before = wilson(before.good, before.good + before.bad)
    low_after, high_after = wilson(after.good, after.good + after.bad)
    if low_after > high_before:
        return Effect.BETTER
    material = _success_share(before) - _success_share(after) >= MATERIAL
    return Effect.WORSE if high_after < low_before and material else Effect.SAME


def effect_on_speed(before: Quick, after: Quick) -> Effect:
    """Return the effect on the share of quick attempts; if that is SAME, BETTER if a step is and none is WORSE.

    A remedy changes the mix of steps: customers who get a quote again go on to buy, and while buying is still slow the
    whole journey looks unchanged although each quote is quick (Simpson 1951).
    """
    whole = effect(_count(before.values()), _count(after.values()))
    steps = [effect(_count([before[step]]), _count([after.get(step, (0, 0))])) for step in before]
    if whole is not Effect.SAME or Effect.WORSE in steps:
        return whole
    return Effect.BETTER if Effect.BETTER in steps else whole


def _count(pairs: Collection[tuple[int, int]]) -> JourneyCount:
    return JourneyCount(sum(good for good, _ in pairs), sum(bad for _, bad in pairs), 0, 0)


def _success_share(count: JourneyCount) -> float:
    """Return the share of attempts that succeeded, 0 to 1; 0 when there were none."""
    return count.good / max(1, count.good + count.bad)


def eased(then: float, now: float) -> bool:
    """Return True when a symptom lost half of its strength; `then` and `now` are its detector's values, 0 to 1."""
    return then > 0 and now <= then * EASED
