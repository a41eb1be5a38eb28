"""The course of an evaluation: the space under test, which is healthy before every round."""

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.access import DesiredState
from sre_evaluation.space_under_test import SECOND, SpaceUnderTest

LEARN_S = 180  # of healthy traffic before the first round
READY_WITHIN_S = 600.0
HEALTHY_WITHIN_S = 240.0


@dataclass(frozen=True)
class Asked:
    """The arguments of an evaluation: repeats, seed and names of experiments."""

    repeat: int
    seed: int
    only: tuple[str, ...]

    def order(self) -> Iterator[Experiment]:
        """Return every requested experiment `repeat` times, in an order that the seed determines."""
        names = [name for name in EXPERIMENTS if not self.only or name in self.only] * self.repeat
        random.Random(self.seed).shuffle(names)
        return (EXPERIMENTS[name] for name in names)


@dataclass(frozen=True)
class Course:
    """A running space that is healthy before each round; `keep` tells where people examine why a score is too low."""

    space: SpaceUnderTest
    desired: DesiredState
    console: Console
    keep: Callable[[], None]

    def learn(self) -> None:
        """Wait while the agents observe healthy traffic and learn their baselines."""
        self.console.print(f"[dim]learning for {LEARN_S} s[/dim]")
        begun = time.time_ns()
        space = self.space
        space.until(
            lambda: time.time_ns() - begun > LEARN_S * SECOND and space.healthy(time.time_ns() - SECOND), READY_WITHIN_S
        )

    def wait_until_healthy(self) -> bool:
        """Wait until no incident is open and the journeys succeed; return False, and print why, after too long."""
        since = time.time_ns()
        healthy = self.space.until(lambda: self.space.healthy(since), HEALTHY_WITHIN_S)
        if not healthy:
            open_ = [(case.issue, case.last.step.value) for case in self.space.cases() if case.is_open]
            self.console.print(f"[red]not healthy after {HEALTHY_WITHIN_S:g} s; open: {open_}[/red]")
        return healthy
