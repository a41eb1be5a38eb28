"""`sre-space eval --detection`: every experiment and control in random order, and a quiet time; what Scout opened."""

import time
from collections.abc import Sequence

from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import Asked, Course
from sre_evaluation.patient import SECOND, Patient
from sre_evaluation.verdicts import Opened, Score, Trial, row, score

DETECT_WITHIN_S = 60.0
WATCH_S = 15.0  # after the first incident of a fault, for a second one
CONTROL_S = 60.0


def run(asked: Asked, course: Course) -> Score:
    """Try everything; the score."""
    course.learn()
    quiet = course.patient.incidents(0) + _quiet(course, asked.quiet_minutes)
    trials = []
    order = list(asked.order())
    for number, experiment in enumerate(order, 1):
        trials.append(_try(course.patient, experiment))
        course.told.print(f"{number}/{len(order)} {_line(trials[-1])}", highlight=False)
        course.patient.chaos("--recover")
        course.wait_until_well()
    course.told.print(_table(trials))
    return score(trials, quiet)


def _quiet(course: Course, minutes: float) -> list[Opened]:
    begun = time.time_ns()
    course.told.print(f"[dim]{minutes:g} quiet minutes[/dim]")
    course.patient.until(lambda: time.time_ns() - begun > minutes * 60 * SECOND, minutes * 60 + 1)
    found = course.patient.incidents(begun)
    course.told.print(f"quiet: {len(found)} incidents in {minutes:g} minutes")
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
