"""Interruptions: at which moment of an incident what befalls whom. Pure; `kills.py`, `deeds.py` carry them out."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from support.stages import Stage

from sre_space.domain.facts import OWNER, Step

ACTOR = "the acting agent"
EVERYBODY = "every process"
DISK = "the disk"
SERVERS = ("forge", "bus", "telemetry", "chroma")
VICTIMS = (ACTOR, *SERVERS)
DEPLOYER = "deployer"
LATEST_S = 0.25  # after its step became due, an agent has usually recorded it; a deployment takes longer
PAUSE_S = (3.0, 30.0)  # from what is noticed to what is longer than the deadline of a verdict (20 s)
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


class Deed(StrEnum):
    """What happens to the victims."""

    KILLED = "killed"
    PAUSED = "paused"  # SIGSTOP, later SIGCONT
    HANGING = "hanging"  # the same for a server: it accepts and does not answer
    FAST_CLOCK = "ten minutes ahead"
    DAMAGED = "its files damaged"
    FULL_DISK = "full"


@dataclass(frozen=True)
class Interruption:
    """A deed on `victims` this many seconds after the moment came; a pause lasts so many seconds."""

    moment: Moment
    victims: tuple[str, ...]
    delay_s: float
    deed: Deed = Deed.KILLED
    lasts_s: float = 0.0

    def __str__(self) -> str:
        told = "" if self.deed is Deed.KILLED else f" {self.deed}"
        lasting = f" for {self.lasts_s:.0f} s" if self.lasts_s else ""
        return f"{self.moment}: {' and '.join(self.victims)}{told}{lasting} after {self.delay_s * 1000:.0f} ms"

    @property
    def units(self) -> tuple[str, ...]:
        """The victims as the runtime names them."""
        return tuple(OWNER[self.moment.step].value if one == ACTOR else one for one in self.victims)


def matrix(seed: int, moments: Sequence[Moment], drawn: int | None = None) -> list[Interruption]:
    """Every moment with each victim alone and with each pair, or with so many pairs, `drawn` by the seed."""
    chance = random.Random(seed)
    found = []
    for moment in moments:
        both = list(itertools.combinations(moment.victims, 2))
        some = both if drawn is None else chance.sample(both, drawn)
        several = [*((one,) for one in moment.victims), *some]
        found += [Interruption(moment, victims, round(chance.uniform(0, moment.latest_s), 3)) for victims in several]
    return found


def pairs(seed: int, whole: Sequence[Interruption], count: int) -> list[Interruption]:
    """So many of two victims at once, drawn by the seed."""
    return random.Random(seed).sample([one for one in whole if len(one.victims) == 2], count)


def in_stages(seed: int, whole: Sequence[Interruption], count: int) -> list[Interruption]:
    """So many in the stages of a change, drawn by the seed."""
    return random.Random(seed).sample([one for one in whole if one.moment.stage], count)


LASTING = (Deed.PAUSED, Deed.HANGING, Deed.FULL_DISK)
WHO_SUFFERS: Mapping[Deed, tuple[str, ...]] = {
    Deed.PAUSED: (ACTOR, "scout", EVERYBODY),
    Deed.HANGING: SERVERS,
    Deed.FAST_CLOCK: (ACTOR,),
    Deed.DAMAGED: (ACTOR, *SERVERS[1:]),  # the forge holds the record: what damages it is refused at its start
    Deed.FULL_DISK: (DISK,),
}


def adversities(seed: int, moments: Sequence[Moment]) -> list[Interruption]:
    """Every moment with each deed on each of those who may suffer it."""
    chance = random.Random(seed)

    def drawn(moment: Moment, victim: str, deed: Deed) -> Interruption:
        lasts = round(chance.uniform(*PAUSE_S)) if deed in LASTING else 0
        return Interruption(moment, (victim,), round(chance.uniform(0, moment.latest_s), 3), deed, lasts)

    return [
        drawn(moment, victim, deed) for moment in moments for deed, victims in WHO_SUFFERS.items() for victim in victims
    ]
