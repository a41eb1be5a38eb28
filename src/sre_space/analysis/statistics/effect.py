"""Did an action change how the journey fares? Scout asks when the symptom is still there after it."""

from collections.abc import Collection
from enum import Enum

from sre_space.domain.intervals import wilson
from sre_space.domain.symptoms import JourneyCount

MATERIAL = 0.1  # of the journeys: who fails a few more than before was not made worse by what did not help
EASED = 0.5  # of a symptom's strength: from here on down it is another state of things


class Effect(Enum):
    """What the journey says."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


def effect(before: JourneyCount, after: JourneyCount) -> Effect:
    """BETTER or WORSE when the 95 % Wilson intervals of success do not overlap, which errs towards SAME.

    WORSE also needs that a tenth more of the journeys fail.
    Two intervals that do not overlap differ at far less than 5 % (Schenker and Gentleman 2001).
    """
    low_before, high_before = wilson(before.good, before.good + before.bad)
    low_after, high_after = wilson(after.good, after.good + after.bad)
    if low_after > high_before:
        return Effect.BETTER
    material = _share(before) - _share(after) >= MATERIAL
    return Effect.WORSE if high_after < low_before and material else Effect.SAME


def by_step(whole: Effect, steps: Collection[Effect]) -> Effect:
    """The whole journey decides; where it is the SAME, a step that is BETTER does, unless another one is WORSE.

    A remedy changes the mix of steps: who is quoted a price again goes on to buy, and while buying is as slow as before
    the whole looks as before, though each quote is quick (Simpson 1951).
    """
    if whole is not Effect.SAME or Effect.WORSE in steps:
        return whole
    return Effect.BETTER if Effect.BETTER in steps else whole


def _share(count: JourneyCount) -> float:
    return count.good / max(1, count.good + count.bad)


def eased(then: float, now: float) -> bool:
    """True when a symptom has lost half of its strength; `then` and `now` as its detector measures it, 0 to 1."""
    return then > 0 and now <= then * EASED
