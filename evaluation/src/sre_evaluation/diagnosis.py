"""`sre-space eval --diagnosis`: what Brain named first in every round, and that it named nobody for the controls.

A fault's diagnosis is the first decide fact after the injection. A control must lead to no incident, or to an
inconclusive one; and the engine, asked about the control's window as `sre-space diagnose --jaeger` asks, must be
inconclusive too.
"""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.naming import Named, NamingScore, Reading, row, score
from sre_evaluation.rounds import Round, by_experiment, table
from sre_space.domain.case import Case
from sre_space.domain.facts import Decision, Fact, Payload, Step


def judge(rounds: Sequence[Round], _: Sequence[Case]) -> tuple[Table, NamingScore]:
    """The table and the score."""
    rows = {name: row(name, [_named(one) for one in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([_named(one) for one in rounds])


def _named(one: Round) -> Named:
    return Named(one.experiment, one.service, tuple(_readings(one.cases)), one.direct, one.said)


def _readings(cases: Sequence[Case]) -> list[Reading]:
    """The first decision on each incident, in the order of the decisions."""
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
