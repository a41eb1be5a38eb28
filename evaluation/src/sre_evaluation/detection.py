"""The evaluation `--detection`: the incidents that Scout opened in every round, and in quiet time."""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.rounds import Round, by_experiment, table
from sre_evaluation.verdicts import Opened, Score, Trial, row, score
from sre_space.domain.case import Case


def evaluate(rounds: Sequence[Round], quiet: Sequence[Case]) -> tuple[Table, Score]:
    """Return the table and the score; `quiet` are the incidents of the time without any fault."""
    rows = {name: row(name, [_trial(round) for round in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([_trial(round) for round in rounds], [_opened(case) for case in quiet])


def _trial(round: Round) -> Trial:
    opened = tuple(_opened(case) for case in (*round.cases, *round.later))
    return Trial(round.experiment, round.service, round.at, opened)


def _opened(case: Case) -> Opened:
    symptom = case.detection.symptoms[0]
    return Opened(case.issue, case.chain[0].fact.at, symptom.kind, symptom.service)
