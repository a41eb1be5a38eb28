"""The rounds: an experiment hits a healthy space, the agents do what they can, and the fault is removed.

Every evaluation uses the same rounds: what was detected (`verdicts.py`), diagnosed (`naming.py`), and done
(`repairs.py`).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_chaos.run import Experiment
from sre_evaluation.course import Asked, Course
from sre_evaluation.space_under_test import SECOND, SpaceUnderTest
from sre_space.bootstrap.diagnose import diagnose_jaeger
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.diagnosis import Confidence
from sre_space.domain.facts import Decision, Step
from sre_space.text.diagnosis_report import sentence

DETECT_WITHIN_S = 60.0
HEAL_WITHIN_S = 240.0
STAYS_HEALTHY_S = 15.0  # after the last incident has ended: a further incident would open in this time
CONTROL_S = 60.0


@dataclass(frozen=True)
class Round:
    """The result of a round: `at` (Unix ns) the fault took effect on `service`; `cases` are its incidents.

    `cases` are as they were when the agents were done. `healthy`: the journeys succeeded then, with the fault still
    active. `closed`: all incidents were closed after the fault was removed; `later` are incidents that were opened
    meanwhile. `failed` is the number of failed attempts of the journey from the effect until the agents were done. For
    a control, `direct` is the verdict of the engine when it is run on it, and `direct_sentence` its sentence.
    """

    experiment: Experiment
    service: str
    at: int
    cases: tuple[Case, ...]
    healthy: bool = True
    closed: bool = True
    failed: int = 0
    later: tuple[Case, ...] = ()
    direct: Confidence | None = None
    direct_sentence: str = ""


def play(asked: Asked, course: Course, heal: bool) -> Iterator[Round]:
    """Yield the round of every requested experiment; the space is restored between two rounds.

    With `heal` the agents have time to repair; without, the fault is removed soon after it was detected.
    """
    before = course.desired.head()
    order = list(asked.order())
    for number, experiment in enumerate(order, 1):
        round = _play(course, experiment, heal)
        course.console.print(f"{number}/{len(order)} {_line(round)}", highlight=False)
        course.desired.reset(before)
        course.wait_until_healthy()
        yield round


def _play(course: Course, experiment: Experiment, heal: bool) -> Round:
    space, begun = course.space, time.time_ns()
    if experiment.is_control:
        space.until(lambda: False, CONTROL_S)  # the engine's healthy baseline, which belongs to the control
    hit = space.chaos(experiment.name)
    at, service = int(str(hit["at"])), str(hit["service"])
    since = begun if experiment.is_control else at
    if experiment.is_control:
        space.until(lambda: False, CONTROL_S)
    elif space.until(lambda: bool(space.incidents(at)), DETECT_WITHIN_S):
        space.until(lambda: _done(space.cases_since(at)), HEAL_WITHIN_S if heal else STAYS_HEALTHY_S)
    done = time.time_ns()
    cases = tuple(space.cases_since(since))
    healthy = space.until(lambda: space.journeys_good(done), STAYS_HEALTHY_S)
    space.chaos("--recover")
    closed = course.wait_until_healthy()
    # Only now: reading thousands of traces while the fault lasts would load the application's machine.
    direct, direct_sentence = _diagnosed_directly(space, done) if experiment.is_control else (None, "")
    failed = space.failed(at, done)
    known = {case.issue for case in cases}
    later = tuple(case for case in space.cases_since(since) if case.issue not in known)
    return Round(experiment, service, at, cases, healthy, closed, failed, later, direct, direct_sentence)


def _done(cases: Sequence[Case]) -> bool:
    """Return True when each incident has ended or waits for people, and no other has followed for a while."""
    over = all(not case.is_open or waits_for_people(case) for case in cases)
    return over and time.time_ns() - max(case.last.at for case in cases) > STAYS_HEALTHY_S * SECOND


def _diagnosed_directly(space: SpaceUnderTest, until: int) -> tuple[Confidence, str]:
    """Return the engine's verdict on the control's window and its sentence, without Scout and Brain."""
    diagnosis = diagnose_jaeger(space.access.jaeger, until - int(CONTROL_S * SECOND), until).diagnosis
    return diagnosis.verdict, sentence(diagnosis)


def _line(round: Round) -> str:
    """Return what happened in a round as one line for people."""
    incidents = "; ".join(_story(case, round.at) for case in (*round.cases, *round.later)) or "no incident"
    accused = round.direct not in (None, Confidence.INCONCLUSIVE)
    engine = f"; the engine: {round.direct_sentence}" if accused else ""
    return f"{round.experiment.name} ({round.service}): {incidents}{engine}"


def _story(case: Case, at: int) -> str:
    symptom, seconds = case.detection.symptoms[0], (case.chain[0].fact.at - at) / SECOND
    parts = [f"{symptom.kind} {symptom.service} after {seconds:.1f} s", *_named(case)]
    parts += [
        f"{trial.action.remedy.name}: {trial.outcome}" + (", undone" if trial.undo else "") for trial in case.trials
    ]
    verdict = case.fact_of(Step.VERIFY)
    if verdict is not None and case.recovered:
        parts.append(f"recovered after {(verdict.at - at) / SECOND:.1f} s")
    return ", ".join(parts)


def _named(case: Case) -> list[str]:
    """Return verdict and cause of the first diagnosis as text; empty without a diagnosis."""
    decision = next((payload for payload in case.payloads if isinstance(payload, Decision)), None)
    if decision is None:
        return []
    causes = decision.diagnosis.causes
    return [f"{decision.diagnosis.verdict} " + (f"{causes[0].service} {causes[0].kind}" if causes else "no cause")]


def table(rows: Mapping[str, Mapping[str, str]]) -> Table:
    """Return a table with one row per experiment, in the order of the experiments; a row may lack columns."""
    columns = list(dict.fromkeys(key for row in sorted(rows.values(), key=len, reverse=True) for key in row))
    made = Table(*columns)
    for name in EXPERIMENTS:
        if name in rows:
            made.add_row(*(rows[name].get(column, "") for column in columns))
    return made


def by_experiment(rounds: Sequence[Round]) -> Mapping[str, Sequence[Round]]:
    """Return the rounds by the name of their experiment."""
    by_name: dict[str, list[Round]] = {}
    for round in rounds:
        by_name.setdefault(round.experiment.name, []).append(round)
    return by_name
