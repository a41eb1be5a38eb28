"""The evaluation `--diagnosis`: Brain's first diagnosis in every round, and that controls accuse no service.

A fault's diagnosis is the first decide fact after the injection. A control must lead to no incident, or to an
inconclusive one; and the engine, run on the control's window as `sre-space diagnose --jaeger` runs it, must be
inconclusive too.
"""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.naming import Named, NamingScore, Reading, row, score
from sre_evaluation.rounds import Round, by_experiment, table
from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Fact, Payload, Step


def evaluate(rounds: Sequence[Round], _: Sequence[Case]) -> tuple[Table, NamingScore]:
    """Return the table and the score."""
    rows = {name: row(name, [_named(round) for round in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([_named(round) for round in rounds])


def _named(round: Round) -> Named:
    return Named(round.experiment, round.service, tuple(_readings(round.cases)), round.direct, round.direct_sentence)


def _readings(cases: Sequence[Case]) -> list[Reading]:
    """Return the first diagnosis of each incident, in the order of their times."""
    decisions = [(fact.at, case, fact.payload) for case in cases for fact in _decided(case)]
    return [_reading(case, at, decision) for at, case, decision in sorted(decisions, key=lambda entry: entry[0])]


def _decided(case: Case) -> list[Fact]:
    """Return the first decide fact of an incident; empty without one."""
    return [entry.fact for entry in case.chain if entry.fact.step is Step.DECIDE][:1]


def _reading(case: Case, at: int, decision: Payload) -> Reading:
    """Return the diagnosis with its duration, from when the incident was open and Memory had answered."""
    assert isinstance(decision, Decision)
    before = [fact.at for fact in (case.chain[0].fact, case.fact_of(Step.RECALL)) if fact is not None]
    return Reading(case.issue, decision.diagnosis, (at - max(time for time in before if time <= at)) / 1e9)
