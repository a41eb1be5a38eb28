"""A space of the judge's own, and the way from one trial to the next. Used by every evaluation."""

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
from sre_evaluation.patient import SECOND, Patient
from sre_space.bootstrap.space import lifecycle as space
from sre_space.bootstrap.space.environment import SpacePlan
from sre_space.bootstrap.space.ports import Ports
from sre_space.bootstrap.space.state import SpaceState

LEARN_S = 180  # of healthy traffic before the first trial
READY_WITHIN_S = 600.0
WELL_WITHIN_S = 240.0
# As many trials as are asked for are more than a day of a real space sees.
MANY = {
    "restarts_per_hour: 6": "restarts_per_hour: 1000",
    "changes_per_key_a_day: 2": "changes_per_key_a_day: 1000",
}


@dataclass(frozen=True)
class Asked:
    """What to evaluate."""

    repeat: int
    seed: int
    only: tuple[str, ...]

    def order(self) -> Iterator[Experiment]:
        """Every experiment as often as asked for, in an order that the seed decides."""
        names = [name for name in EXPERIMENTS if not self.only or name in self.only] * self.repeat
        random.Random(self.seed).shuffle(names)
        return (EXPERIMENTS[name] for name in names)


@dataclass(frozen=True)
class Course:
    """A running space, well before each trial; `removal` is to take its folder away afterwards."""

    patient: Patient
    told: Console
    removal: ExitStack

    def learn(self) -> None:
        """Let the doctor see healthy traffic first."""
        self.told.print(f"[dim]learning for {LEARN_S} s[/dim]")
        begun = time.time_ns()
        patient = self.patient
        patient.until(
            lambda: time.time_ns() - begun > LEARN_S * SECOND and patient.well(time.time_ns() - SECOND), READY_WITHIN_S
        )

    def wait_until_well(self) -> bool:
        """True once nothing is open and the journeys are good; tells what is still open after too long."""
        since = time.time_ns()
        well = self.patient.until(lambda: self.patient.well(since), WELL_WITHIN_S)
        if not well:
            open_ = [(case.issue, case.last.step.value) for case in self.patient.cases() if case.is_open]
            self.told.print(f"[red]not well after {WELL_WITHIN_S:g} s; open: {open_}[/red]")
        return well

    def keep(self) -> None:
        """Leave what the space recorded where it is, for people who ask why a round was not as wanted."""
        self.removal.pop_all()
        self.told.print(f"kept: {self.patient.plan.state.root} (logs, spans, bundles, issues); delete it afterwards")


@contextmanager
def course(chart: Path, told: Console) -> Iterator[Course]:
    """Start a space of the checkout as it is, end it afterwards; the chart allows as much as there are trials."""
    folder = Path(tempfile.mkdtemp(prefix="sre-space-eval-"))
    plan = _plan(folder.resolve(), chart)
    with ExitStack() as removal:
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            space.up(plan, lambda text: told.print(f"[dim]{text}[/dim]"))
            yield Course(Patient(plan), told, removal)
        finally:
            space.down(plan.state, lambda _: None)


def _plan(folder: Path, chart: Path) -> SpacePlan:
    checkout = folder / "checkout"
    shutil.copytree(chart.parent / "deploy", checkout / "deploy")
    shutil.copytree(chart.parent / "chaos" / "src", checkout / "chaos" / "src")
    shutil.copy(chart.parent / "trigger_chaos.py", checkout)
    text = chart.read_text()
    for usual, many in MANY.items():
        text = text.replace(usual, many)
    (checkout / chart.name).write_text(text)
    return SpacePlan(
        SpaceState(folder / "state"), Ports.free_block(), checkout / chart.name, "local", "cloud-insurance"
    )
