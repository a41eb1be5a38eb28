"""`sre-space eval --detection`: every experiment and control in random order, and a quiet time; what Scout opened."""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.patient import SECOND, Patient
from sre_evaluation.verdicts import Opened, Score, Trial, row, score
from sre_space.bootstrap import space
from sre_space.bootstrap.space_env import Plan
from sre_space.bootstrap.space_ports import Ports
from sre_space.bootstrap.space_state import State

LEARN_S = 180  # of healthy traffic before the first trial
DETECT_WITHIN_S = 60.0
WATCH_S = 15.0  # after the first incident of a fault, for a second one
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


def run(asked: Asked, chart: Path, told: Console) -> Score:
    """Start a space, try everything, end it; the score."""
    folder = Path(tempfile.mkdtemp(prefix="sre-space-eval-"))
    plan = _plan(folder.resolve(), chart)
    try:
        space.up(plan, lambda text: told.print(f"[dim]{text}[/dim]"))
        trials, quiet = _evaluate(Patient(plan), asked, told)
    finally:
        space.down(plan.state, lambda _: None)
        shutil.rmtree(folder, ignore_errors=True)
    told.print(_table(trials))
    return score(trials, quiet)


def _plan(folder: Path, chart: Path) -> Plan:
    """The checkout as it is, with a chart that allows as many restarts as there are trials."""
    checkout = folder / "checkout"
    shutil.copytree(chart.parent / "deploy", checkout / "deploy")
    shutil.copytree(chart.parent / "chaos" / "src", checkout / "chaos" / "src")
    shutil.copy(chart.parent / "trigger_chaos.py", checkout)
    (checkout / chart.name).write_text(chart.read_text().replace(*MANY))
    return Plan(State(folder / "state"), Ports.free_block(), checkout / chart.name, "local", "cloud-insurance")


def _evaluate(patient: Patient, asked: Asked, told: Console) -> tuple[list[Trial], list[Opened]]:
    told.print(f"[dim]learning for {LEARN_S} s[/dim]")
    begun = time.time_ns()
    patient.until(lambda: time.time_ns() - begun > LEARN_S * SECOND and patient.well(time.time_ns() - SECOND), 600)
    quiet = patient.incidents(0) + _quiet(patient, asked.quiet_minutes, told)
    trials = []
    order = list(_order(asked))
    for number, experiment in enumerate(order, 1):
        trials.append(_try(patient, experiment))
        told.print(f"{number}/{len(order)} {_line(trials[-1])}", highlight=False)
        _heal(patient, told)
    return trials, quiet


def _order(asked: Asked) -> Iterator[Experiment]:
    names = [name for name in EXPERIMENTS if not asked.only or name in asked.only] * asked.repeat
    random.Random(asked.seed).shuffle(names)
    return (EXPERIMENTS[name] for name in names)


def _quiet(patient: Patient, minutes: float, told: Console) -> list[Opened]:
    begun = time.time_ns()
    told.print(f"[dim]{minutes:g} quiet minutes[/dim]")
    patient.until(lambda: time.time_ns() - begun > minutes * 60 * SECOND, minutes * 60 + 1)
    found = patient.incidents(begun)
    told.print(f"quiet: {len(found)} incidents in {minutes:g} minutes")
    return found


def _try(patient: Patient, experiment: Experiment) -> Trial:
    hit = patient.chaos(experiment.name)
    at, service = int(str(hit["at"])), str(hit["service"])
    if experiment.is_control:
        patient.until(lambda: False, CONTROL_S)
    else:
        patient.until(lambda: bool(patient.incidents(at)), DETECT_WITHIN_S)
        patient.until(lambda: len(patient.incidents(at)) > 1, WATCH_S)
    return Trial(experiment, service, at, tuple(patient.incidents(at)))


def _heal(patient: Patient, told: Console) -> None:
    patient.chaos("--recover")
    since = time.time_ns()
    if not patient.until(lambda: patient.well(since), WELL_WITHIN_S):
        open_ = [(case.issue, case.last.step.value) for case in patient.cases() if case.is_open]
        told.print(f"[red]not well after {WELL_WITHIN_S:g} s; open: {open_}[/red]")


def _line(trial: Trial) -> str:
    if not trial.incidents:
        return f"{trial.experiment.name}: {'nothing' if trial.experiment.is_control else 'MISSED'}"
    titles = ", ".join(f"{one.kind} {one.service}" for one in trial.incidents)
    return f"{trial.experiment.name} ({trial.service}): {titles} after {trial.seconds:.1f} s"


def _table(trials: Sequence[Trial]) -> Table:
    rows = [row(name, some) for name in EXPERIMENTS if (some := [t for t in trials if t.experiment.name == name])]
    table = Table(*(rows[0] if rows else ()))
    for one in rows:
        table.add_row(*one.values())
    return table
