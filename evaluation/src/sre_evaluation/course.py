"""A course of trials: a space of the judge's own, every experiment in random order, the patient well between them."""

import random
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from rich.console import Console

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.patient import SECOND, Patient
from sre_space.bootstrap import space
from sre_space.bootstrap.space_env import Plan
from sre_space.bootstrap.space_ports import Ports
from sre_space.bootstrap.space_state import State

T = TypeVar("T")
LEARN_S = 180  # of healthy traffic before the first trial
DETECT_WITHIN_S = 60.0
CONTROL_S = 60.0
WELL_WITHIN_S = 240.0
MANY = ("restarts_per_hour: 6", "restarts_per_hour: 1000")


@dataclass(frozen=True)
class Asked:
    """What to evaluate."""

    repeat: int
    seed: int
    only: tuple[str, ...]
    quiet_minutes: float


def with_space(chart: Path, told: Console, work: Callable[[Patient], T]) -> T:
    """Start a space, do the work when it has learnt what is usual, end it."""
    folder = Path(tempfile.mkdtemp(prefix="sre-space-eval-"))
    plan = _plan(folder.resolve(), chart)
    try:
        space.up(plan, lambda text: told.print(f"[dim]{text}[/dim]"))
        patient = Patient(plan)
        told.print(f"[dim]learning for {LEARN_S} s[/dim]")
        begun = time.time_ns()
        patient.until(lambda: time.time_ns() - begun > LEARN_S * SECOND and patient.well(time.time_ns() - SECOND), 600)
        return work(patient)
    finally:
        space.down(plan.state, lambda _: None)
        shutil.rmtree(folder, ignore_errors=True)


def _plan(folder: Path, chart: Path) -> Plan:
    """The checkout as it is, with a chart that allows as many restarts as there are trials."""
    checkout = folder / "checkout"
    shutil.copytree(chart.parent / "deploy", checkout / "deploy")
    shutil.copytree(chart.parent / "chaos" / "src", checkout / "chaos" / "src")
    shutil.copy(chart.parent / "trigger_chaos.py", checkout)
    (checkout / chart.name).write_text(chart.read_text().replace(*MANY))
    return Plan(State(folder / "state"), Ports.free_block(), checkout / chart.name, "local", "cloud-insurance")


def order(asked: Asked) -> Iterator[Experiment]:
    """Every experiment as often as asked; the same seed, the same order."""
    names = [name for name in EXPERIMENTS if not asked.only or name in asked.only] * asked.repeat
    random.Random(asked.seed).shuffle(names)
    return (EXPERIMENTS[name] for name in names)


def heal(patient: Patient, told: Console) -> None:
    """Undo what is active, and wait until the patient is well."""
    patient.chaos("--recover")
    since = time.time_ns()
    if not patient.until(lambda: patient.well(since), WELL_WITHIN_S):
        open_ = [(case.issue, case.last.step.value) for case in patient.cases() if case.is_open]
        told.print(f"[red]not well after {WELL_WITHIN_S:g} s; open: {open_}[/red]")
