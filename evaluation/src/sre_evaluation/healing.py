"""`sre-space eval --healing`: what the doctor did in every round, and what came of it."""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.cures import Cure, Score, row, score
from sre_evaluation.rounds import Round, by_experiment, table
from sre_space.domain.case import Case


def judge(rounds: Sequence[Round], _: Sequence[Case]) -> tuple[Table, Score]:
    """The table and the score."""
    rows = {name: row(name, [Cure(one) for one in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([Cure(one) for one in rounds])
