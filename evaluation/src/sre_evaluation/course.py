"""The course of an evaluation: starts the space under test and restores it between rounds."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_embedded.space import lifecycle
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.plan import separate_plan
from sre_embedded.space.process_file import NAME as PROCESSES
from sre_evaluation.space_under_test import SECOND, SpaceUnderTest

LEARN_S = 180  # of healthy traffic before the first round
READY_WITHIN_S = 600.0
HEALTHY_WITHIN_S = 240.0
# An evaluation runs more rounds than a real space sees faults in a day.
MANY = {
    "restarts_per_hour: 6": "restarts_per_hour: 1000",
    "changes_per_key_a_day: 2": "changes_per_key_a_day: 1000",
}


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
    """A running space that is healthy before each round; `removal` deletes its folder afterwards."""

    space: SpaceUnderTest
    console: Console
    removal: ExitStack

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

    def keep(self) -> None:
        """Keep the folder of the space, for people who examine why a score is too low."""
        self.removal.pop_all()
        self.console.print(f"kept: {self.space.plan.state.root} (logs, spans, bundles, issues); delete it afterwards")


@contextmanager
def course(config_path: Path, console: Console) -> Iterator[Course]:
    """Start a space of this checkout and stop it afterwards; its guardrails allow as many actions as rounds need."""
    folder = Path(tempfile.mkdtemp(prefix="sre-space-eval-"))
    plan = _plan(folder.resolve(), config_path)
    with ExitStack() as removal:
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            lifecycle.up(plan, lambda text: console.print(f"[dim]{text}[/dim]"))
            yield Course(SpaceUnderTest(plan), console, removal)
        finally:
            lifecycle.down(plan.state, lambda _: None)


def _plan(folder: Path, config_path: Path) -> SpacePlan:
    checkout = folder / "checkout"
    shutil.copytree(config_path.parent / "deploy", checkout / "deploy")
    shutil.copytree(config_path.parent / "chaos" / "src", checkout / "chaos" / "src")
    for name in ("trigger_chaos.py", PROCESSES):
        shutil.copy(config_path.parent / name, checkout)
    text = config_path.read_text()
    for usual, many in MANY.items():
        text = text.replace(usual, many)
    (checkout / config_path.name).write_text(text)
    return separate_plan(folder / "state", checkout / config_path.name)
