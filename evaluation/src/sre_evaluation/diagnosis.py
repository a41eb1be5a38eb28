"""`sre-space eval --diagnosis`: what Brain names first for every experiment, and that it names nobody for the controls.

A fault's diagnosis is the first decide fact after the injection. A control must lead to no incident, or to an
inconclusive one; and the engine, asked about the control's window as `sre-space diagnose --jaeger` asks, must be
inconclusive too.
"""

import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import CONTROL_S, DETECT_WITHIN_S, Asked, heal, order, with_space
from sre_evaluation.naming import Named, NamingScore, Reading, row, score
from sre_evaluation.patient import SECOND, Patient
from sre_space.bootstrap.diagnose import diagnose_jaeger
from sre_space.bootstrap.space_ports import HOST
from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Fact, Payload, Step
from sre_space.wire.diagnosis_text import sentence

DECIDE_WITHIN_S = 15.0  # after the incident


def run(asked: Asked, chart: Path, told: Console) -> NamingScore:
    """Try everything on a space of its own; the score."""
    trials = with_space(chart, told, lambda patient: _evaluate(patient, asked, told))
    told.print(_table(trials))
    return score(trials)


def _evaluate(patient: Patient, asked: Asked, told: Console) -> list[Named]:
    trials = []
    experiments = list(order(asked))
    for number, experiment in enumerate(experiments, 1):
        trials.append(_try(patient, experiment))
        told.print(f"{number}/{len(experiments)} {trials[-1].line}", highlight=False)
        heal(patient, told)
    return trials


def _try(patient: Patient, experiment: Experiment) -> Named:
    hit = patient.chaos(experiment.name)
    at, service = int(str(hit["at"])), str(hit["service"])
    if not experiment.is_control:
        patient.until(lambda: bool(patient.incidents(at)), DETECT_WITHIN_S)
        patient.until(lambda: bool(_readings(patient, at)), DECIDE_WITHIN_S)
        return Named(experiment, service, tuple(_readings(patient, at)))
    patient.until(lambda: False, CONTROL_S)
    until = time.time_ns()
    patient.until(lambda: len(_readings(patient, at)) == len(patient.incidents(at)), DECIDE_WITHIN_S)
    jaeger = f"http://{HOST}:{patient.plan.ports.jaeger_port}"
    direct = diagnose_jaeger(jaeger, until - int(CONTROL_S * SECOND), until).diagnosis
    return Named(experiment, service, tuple(_readings(patient, at)), direct.verdict, sentence(direct))


def _readings(patient: Patient, since: int) -> list[Reading]:
    """The first decision on each incident opened since a Unix ns, in the order of the decisions."""
    cases = [case for case in patient.cases() if case.chain[0].fact.at >= since]
    found = [(fact.at, case, fact.payload) for case in cases for fact in _decided(case)]
    return [_reading(case, at, decision) for at, case, decision in sorted(found, key=lambda one: one[0])]


def _decided(case: Case) -> list[Fact]:
    """At most one fact."""
    return [entry.fact for entry in case.chain if entry.fact.step is Step.DECIDE][:1]


def _reading(case: Case, at: int, decision: Payload) -> Reading:
    """It was Brain's turn once the incident was open and Memory had answered; the data were there before."""
    assert isinstance(decision, Decision)
    waited = [fact.at for fact in (case.chain[0].fact, case.fact_of(Step.RECALL)) if fact is not None]
    return Reading(case.issue, decision.diagnosis, (at - max(one for one in waited if one <= at)) / 1e9)


def _table(trials: Sequence[Named]) -> Table:
    rows = [row(name, some) for name in EXPERIMENTS if (some := [t for t in trials if t.experiment.name == name])]
    table = Table(*(rows[0] if rows else ()))
    for one in rows:
        table.add_row(*one.values())
    return table
