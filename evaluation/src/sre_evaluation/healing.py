"""`sre-space eval --healing`: every experiment and control in random order; what the doctor did and what came of it."""

import time
from collections.abc import Sequence

from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import Asked, Course
from sre_evaluation.cures import Cure, Score, row, score
from sre_evaluation.desired_state import DesiredState
from sre_evaluation.patient import SECOND, Patient
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people

DETECT_WITHIN_S = 60.0
HEAL_WITHIN_S = 240.0
STAYS_WELL_S = 10.0  # after the last incident has ended: a second one would follow
CONTROL_S = 60.0


def run(asked: Asked, course: Course) -> Score:
    """Try everything; the score."""
    course.learn()
    patient = course.patient
    desired = DesiredState(patient.plan)
    before = desired.head()
    cures, order = [], list(asked.order())
    for number, experiment in enumerate(order, 1):
        cures.append(_try(course, experiment))
        course.told.print(f"{number}/{len(order)} {_line(cures[-1])}", highlight=False)
        desired.reset(before)
        course.wait_until_well()
    course.told.print(_table(cures))
    return score(cures)


def _try(course: Course, experiment: Experiment) -> Cure:
    patient = course.patient
    hit = patient.chaos(experiment.name)
    at, service = int(str(hit["at"])), str(hit["service"])
    if experiment.is_control:
        patient.until(lambda: False, CONTROL_S)
    elif patient.until(lambda: bool(patient.incidents(at)), DETECT_WITHIN_S):
        patient.until(lambda: _done_with(patient, at), HEAL_WITHIN_S)
    until = time.time_ns()
    cases = tuple(patient.cases_since(at))
    well = bool(cases) and patient.until(lambda: patient.journeys_good(until), STAYS_WELL_S + 5)
    failed = patient.failed(at, time.time_ns())
    patient.chaos("--recover")
    closed = course.wait_until_well()
    return Cure(experiment, service, at, cases, well, closed, failed)


def _done_with(patient: Patient, at: int) -> bool:
    """True when each incident has ended or waits for people, and no other follows."""
    cases = patient.cases_since(at)
    if not all(_over(case) for case in cases):
        return False
    youngest = max(case.last.at for case in cases)
    return time.time_ns() - youngest > STAYS_WELL_S * SECOND


def _over(case: Case) -> bool:
    return not case.is_open or waits_for_people(case)


def _line(cure: Cure) -> str:
    done = ", ".join(f"{one.action.remedy.name} ({one.outcome})" for one in cure.trials) or "nothing done"
    asked = ", a person asked" if cure.escalated else ""
    took = f" in {cure.seconds:.1f} s" if cure.seconds is not None else ""
    verdict = "" if cure.experiment.is_control else f": {'recovered' if cure.recovered else 'NOT RECOVERED'}{took}"
    return f"{cure.experiment.name} ({cure.service}){verdict}; {done}{asked}"


def _table(cures: Sequence[Cure]) -> Table:
    rows = [row(name, some) for name in EXPERIMENTS if (some := [c for c in cures if c.experiment.name == name])]
    columns = list(dict.fromkeys(key for one in sorted(rows, key=len, reverse=True) for key in one))
    table = Table(*columns)
    for one in rows:
        table.add_row(*(one.get(column, "") for column in columns))
    return table
