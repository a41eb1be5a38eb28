"""The evaluation `--healing`: the agents' actions in every round, and their outcomes."""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.repairs import Repair, Score, row, score
from sre_evaluation.rounds import Round, by_experiment, table
from sre_space.domain.case import Case


def evaluate(rounds: Sequence[Round], _: Sequence[Case]) -> tuple[Table, Score]:
    """Return the table and the score."""
    rows = {name: row(name, [Repair(round) for round in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([Repair(round) for round in rounds])
