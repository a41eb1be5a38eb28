"""`sre-space eval --detection`: every experiment and control in random order, and a quiet time; what Scout opened."""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import CONTROL_S, DETECT_WITHIN_S, Asked, heal, order, with_space
from sre_evaluation.patient import SECOND, Patient
from sre_evaluation.verdicts import Opened, Score, Trial, row, score

WATCH_S = 15.0  # after the first incident of a fault, for a second one


def run(asked: Asked, chart: Path, told: Console) -> Score:
    """Try everything on a space of its own; the score."""
    trials, quiet = with_space(chart, told, lambda patient: _evaluate(patient, asked, told))
    told.print(_table(trials))
    return score(trials, quiet)


def _evaluate(patient: Patient, asked: Asked, told: Console) -> tuple[list[Trial], list[Opened]]:
    quiet = patient.incidents(0) + _quiet(patient, asked.quiet_minutes, told)
    trials = []
    experiments = list(order(asked))
    for number, experiment in enumerate(experiments, 1):
        trials.append(_try(patient, experiment))
        told.print(f"{number}/{len(experiments)} {_line(trials[-1])}", highlight=False)
        heal(patient, told)
    return trials, quiet


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
