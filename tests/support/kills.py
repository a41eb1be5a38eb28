"""Kills in mid-incident: which step is interrupted, who dies, and what must hold afterwards whatever died."""

import contextlib
import itertools
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import psutil
from support.live import LiveSpace
from support.waiting import until

from sre_space.domain.case import Case
from sre_space.domain.facts import OWNER, Action, Step

ACTOR = "the acting agent"
SERVERS = ("forge", "bus", "telemetry", "chroma")
VICTIMS = (ACTOR, *SERVERS)
PATIENT = "policy-service"
LATEST_S = 0.25  # after its step became due, an agent has usually recorded it


@dataclass(frozen=True)
class Interruption:
    """SIGKILL for `victims` this many seconds after `step` became due."""

    step: Step
    victims: tuple[str, ...]
    delay_s: float

    def __str__(self) -> str:
        return f"{self.step}: {' and '.join(self.victims)} after {self.delay_s * 1000:.0f} ms"


def matrix(seed: int) -> list[Interruption]:
    """Every step of every chain with each victim alone and each pair; the seed chooses the moments.

    The steps are those of `domain/facts.py`: a new one joins by itself.
    """
    chance = random.Random(seed)
    several = [*((one,) for one in VICTIMS), *itertools.combinations(VICTIMS, 2)]
    return [Interruption(step, victims, round(chance.uniform(0, LATEST_S), 3)) for step in Step for victims in several]


def share(seed: int, steps: Sequence[Step]) -> list[Interruption]:
    """Each victim once and two pairs, at steps that the seed draws."""
    chance = random.Random(seed)
    drawn = [one for one in matrix(seed) if one.step in steps]
    pairs = [one for one in drawn if len(one.victims) == 2]
    alone = [chance.choice([one for one in drawn if one.victims == (victim,)]) for victim in VICTIMS]
    return [*alone, *chance.sample(pairs, 2)]


def interrupted(live: LiveSpace, what: Interruption, story: Sequence[Step]) -> Case:
    """One incident of the patient with this interruption, from the fault to its end.

    The agent that owns the step is stopped (SIGSTOP) before the step becomes due, and goes on at that moment: so the
    kill falls into its work and not beside it.
    """
    known, place = quiet(live), story.index(what.step)
    starts, owner = live.starts(PATIENT), OWNER[what.step].value
    with _held(live, owner) as held:
        mine = [number for number, step in enumerate(story[:place]) if OWNER[step] == owner]
        if place and not mine:
            held()
        live.kill(PATIENT)
        if mine:
            _until_recorded(live, known, mine[-1] + 1)
            held()
        _until_recorded(live, known, place)
    time.sleep(what.delay_s)
    for victim in what.victims:
        live.kill(owner if victim == ACTOR else victim)
    case = live.closed(next_outage(live, known).issue, 150)
    holds(live, case, known, live.starts(PATIENT) - starts)
    return case


def outages(live: LiveSpace) -> list[Case]:
    """The patient's outages, oldest first: a busy machine may be slow enough for incidents of other kinds."""
    return [case for case in live.cases() if case.detection.key == f"infrastructure/{PATIENT}"]


def quiet(live: LiveSpace) -> int:
    """How many outages there were, once nothing is open that the next one could join."""
    until(lambda: not any(case.is_open for case in live.cases()), "no incident is open", 180)
    return len(outages(live))


def next_outage(live: LiveSpace, known: int) -> Case:
    """The outage after the first `known` ones."""
    return until(lambda: outages(live)[known:], "the outage is opened", 90)[0]


@contextlib.contextmanager
def _held(live: LiveSpace, unit: str) -> Iterator[Callable[[], None]]:
    """What is called stops the unit; it goes on at the end, whatever happens meanwhile."""
    stopped: list[psutil.Process] = []

    def hold() -> None:
        stopped.append(psutil.Process(until(lambda: live.pid(unit), f"{unit} runs")))
        stopped[-1].suspend()

    try:
        yield hold
    finally:
        for process in stopped:
            process.resume()


def _until_recorded(live: LiveSpace, known: int, facts: int) -> None:
    """Wait until the incident has so many facts, or has ended without them."""

    def there() -> bool:
        cases = outages(live)[known:]
        return not facts or any(len(case.chain) >= facts or not case.is_open for case in cases)

    until(there, f"{facts} facts are recorded", 90)


def holds(live: LiveSpace, case: Case, known: int, started: int) -> None:
    """Ended well, nothing lost, nothing twice: whatever was killed."""
    changes = [entry.fact.payload for entry in case.chain if isinstance(entry.fact.payload, Action)]
    assert case.recovered
    assert not case.frozen_reason
    assert started == sum(action.changed for action in changes) == 1
    assert [entry.fact.seq for entry in case.chain] == list(range(len(case.chain)))
    assert {void.reason for void in case.void} <= {"a later duplicate"}
    assert len(outages(live)) == known + 1
    for unit in SERVERS:
        until(lambda unit=unit: live.pid(unit), f"{unit} runs again")  # type: ignore[misc]
