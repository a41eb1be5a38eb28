"""One round: an experiment hits a healthy space, the doctor does what it can, the fault is taken away.

Every judge reads the same rounds: what was seen (`verdicts.py`), named (`naming.py`), and done (`cures.py`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import Asked, Course
from sre_evaluation.desired_state import DesiredState
from sre_evaluation.patient import SECOND, Patient
from sre_space.bootstrap.diagnose import diagnose_jaeger
from sre_space.bootstrap.space.ports import HOST
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import Decision, Step
from sre_space.text.diagnosis_report import sentence

DETECT_WITHIN_S = 60.0
HEAL_WITHIN_S = 240.0
STAYS_WELL_S = 15.0  # after the last incident has ended: a second one would follow
CONTROL_S = 60.0


@dataclass(frozen=True)
class Round:
    """What came of one: `at` (Unix ns) it took effect on `service`; `cases` as they stood when the doctor was done.

    `well`: the journeys were good then, with the fault still there. `closed`: all incidents were, once the fault was
    taken away; `later` are incidents that were opened meanwhile. `failed` are the bad attempts of the journey from the
    effect until the doctor was done. `direct` is, for a control, the verdict of the engine when it is asked about it,
    `said` its sentence.
    """

    experiment: Experiment
    service: str
    at: int
    cases: tuple[Case, ...]
    well: bool = True
    closed: bool = True
    failed: int = 0
    later: tuple[Case, ...] = ()
    direct: Confidence | None = None
    said: str = ""


def play(asked: Asked, course: Course, heal: bool) -> Iterator[Round]:
    """Every experiment as often as asked for; between two of them the space is made as it was before.

    With `heal` the doctor is given its time; without, the fault is taken away once it was seen.
    """
    desired = DesiredState(course.patient.plan)
    before = desired.head()
    order = list(asked.order())
    for number, experiment in enumerate(order, 1):
        one = _play(course, experiment, heal)
        course.told.print(f"{number}/{len(order)} {_line(one)}", highlight=False)
        desired.reset(before)
        course.wait_until_well()
        yield one


def _play(course: Course, experiment: Experiment, heal: bool) -> Round:
    patient, begun = course.patient, time.time_ns()
    if experiment.is_control:
        patient.until(lambda: False, CONTROL_S)  # what it is compared with is to be healthy; it belongs to the control
    hit = patient.chaos(experiment.name)
    at, service = int(str(hit["at"])), str(hit["service"])
    since = begun if experiment.is_control else at
    if experiment.is_control:
        patient.until(lambda: False, CONTROL_S)
    elif patient.until(lambda: bool(patient.incidents(at)), DETECT_WITHIN_S):
        patient.until(lambda: _done(patient.cases_since(at)), HEAL_WITHIN_S if heal else STAYS_WELL_S)
    done = time.time_ns()
    cases = tuple(patient.cases_since(since))
    well = patient.until(lambda: patient.journeys_good(done), STAYS_WELL_S)
    patient.chaos("--recover")
    closed = course.wait_until_well()
    direct, said = _asked_directly(patient, done) if experiment.is_control else (None, "")  # traces by the thousand:
    failed = patient.failed(at, done)  # to ask for them while the fault lasts would load the patient's machine
    later = tuple(case for case in patient.cases_since(since) if case.issue not in {one.issue for one in cases})
    return Round(experiment, service, at, cases, well, closed, failed, later, direct, said)


def _done(cases: Sequence[Case]) -> bool:
    """True when each incident has ended or waits for people, and no other has followed for a while."""
    over = all(not case.is_open or waits_for_people(case) for case in cases)
    return over and time.time_ns() - max(case.last.at for case in cases) > STAYS_WELL_S * SECOND


def _asked_directly(patient: Patient, until: int) -> tuple[Confidence, str]:
    jaeger = f"http://{HOST}:{patient.plan.ports.jaeger_port}"
    found = diagnose_jaeger(jaeger, until - int(CONTROL_S * SECOND), until).diagnosis
    return found.verdict, sentence(found)


def _line(one: Round) -> str:
    """What happened, for people."""
    seen = "; ".join(_story(case, one.at) for case in (*one.cases, *one.later)) or "nothing seen"
    asked = f"; the engine, asked: {one.said}" if one.direct not in (None, Confidence.INCONCLUSIVE) else ""
    return f"{one.experiment.name} ({one.service}): {seen}{asked}"


def _story(case: Case, at: int) -> str:
    symptom, seconds = case.detection.symptoms[0], (case.chain[0].fact.at - at) / SECOND
    told = [f"{symptom.kind} {symptom.service} after {seconds:.1f} s", *_named(case)]
    told += [f"{one.action.remedy.name}: {one.outcome}" + (", undone" if one.undo else "") for one in case.trials]
    verdict = case.fact_of(Step.VERIFY)
    if verdict is not None and case.recovered:
        told.append(f"recovered after {(verdict.at - at) / SECOND:.1f} s")
    return ", ".join(told)


def _named(case: Case) -> list[str]:
    """What the first diagnosis says."""
    decision = next((one for one in case.payloads if isinstance(one, Decision)), None)
    if decision is None:
        return []
    causes = decision.diagnosis.causes
    return [f"{decision.diagnosis.verdict} " + (f"{causes[0].service} {causes[0].kind}" if causes else "nobody")]


def table(rows: Mapping[str, Mapping[str, str]]) -> Table:
    """A row an experiment, in the order of the experiments; a row may lack columns."""
    columns = list(dict.fromkeys(key for row in sorted(rows.values(), key=len, reverse=True) for key in row))
    made = Table(*columns)
    for name in EXPERIMENTS:
        if name in rows:
            made.add_row(*(rows[name].get(column, "") for column in columns))
    return made


def by_experiment(rounds: Sequence[Round]) -> Mapping[str, Sequence[Round]]:
    """The rounds of each experiment that was played."""
    found: dict[str, list[Round]] = {}
    for one in rounds:
        found.setdefault(one.experiment.name, []).append(one)
    return found
