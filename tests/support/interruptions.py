"""Interruptions: at which moment of an incident who dies. Pure; `kills.py` carries them out."""

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass

from support.stages import Stage

from sre_space.domain.facts import OWNER, Step

ACTOR = "the acting agent"
SERVERS = ("forge", "bus", "telemetry", "chroma")
VICTIMS = (ACTOR, *SERVERS)
DEPLOYER = "warden"
LATEST_S = 0.25  # after its step became due, an agent has usually recorded it; a deployment takes longer
SHOWN_S = 0.005  # after a stage showed, the next one is near


@dataclass(frozen=True)
class Moment:
    """A step is due, for the `nth` time in its incident; with a `stage`, its change has come that far."""

    step: Step
    nth: int = 1
    stage: Stage | None = None

    def __str__(self) -> str:
        return f"{self.step}{f' {self.nth}' if self.nth > 1 else ''}{f', {self.stage}' if self.stage else ''}"

    @property
    def victims(self) -> tuple[str, ...]:
        """Who is at work then, or is needed for it."""
        return (*VICTIMS, DEPLOYER) if self.stage in (Stage.MERGED, Stage.DEPLOYING) else VICTIMS

    @property
    def latest_s(self) -> float:
        """How long after it a kill still falls into it."""
        return SHOWN_S if self.stage and self.stage is not Stage.DEPLOYING else LATEST_S

    def place(self, story: Sequence[Step]) -> int:
        """Its place in a chain of steps."""
        return [number for number, step in enumerate(story) if step is self.step][self.nth - 1]


@dataclass(frozen=True)
class Interruption:
    """SIGKILL for `victims` this many seconds after the moment came."""

    moment: Moment
    victims: tuple[str, ...]
    delay_s: float

    def __str__(self) -> str:
        return f"{self.moment}: {' and '.join(self.victims)} after {self.delay_s * 1000:.0f} ms"

    @property
    def units(self) -> tuple[str, ...]:
        """The victims as the runtime names them."""
        return tuple(OWNER[self.moment.step].value if one == ACTOR else one for one in self.victims)


def matrix(seed: int, moments: Sequence[Moment], pairs: int | None = None) -> list[Interruption]:
    """Every moment with each victim alone and with each pair, or with so many `pairs` that the seed draws."""
    chance = random.Random(seed)
    found = []
    for moment in moments:
        both = list(itertools.combinations(moment.victims, 2))
        some = both if pairs is None else chance.sample(both, pairs)
        several = [*((one,) for one in moment.victims), *some]
        found += [Interruption(moment, victims, round(chance.uniform(0, moment.latest_s), 3)) for victims in several]
    return found


def share(seed: int, whole: Sequence[Interruption]) -> list[Interruption]:
    """Two victims alone and one pair, at moments that the seed draws."""
    chance = random.Random(seed)
    pairs = [one for one in whole if len(one.victims) == 2]
    drawn = chance.sample(VICTIMS, 2)
    alone = [chance.choice([one for one in whole if one.victims == (victim,)]) for victim in drawn]
    return [*alone, chance.choice(pairs)]


def in_stages(seed: int, whole: Sequence[Interruption], count: int) -> list[Interruption]:
    """So many in the stages of a change, drawn by the seed."""
    return random.Random(seed).sample([one for one in whole if one.moment.stage], count)
