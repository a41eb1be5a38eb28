"""`sre-space eval --detection`: what Scout opened in every round, and while nothing was wrong."""

from collections.abc import Sequence

from rich.table import Table

from sre_evaluation.rounds import Round, by_experiment, table
from sre_evaluation.verdicts import Opened, Score, Trial, row, score
from sre_space.domain.case import Case


def judge(rounds: Sequence[Round], quiet: Sequence[Case]) -> tuple[Table, Score]:
    """The table and the score; `quiet` are the incidents of the time in which nothing was wrong."""
    rows = {name: row(name, [_trial(one) for one in some]) for name, some in by_experiment(rounds).items()}
    return table(rows), score([_trial(one) for one in rounds], [_opened(case) for case in quiet])


def _trial(one: Round) -> Trial:
    return Trial(one.experiment, one.service, one.at, tuple(_opened(case) for case in (*one.cases, *one.later)))


def _opened(case: Case) -> Opened:
    symptom = case.detection.symptoms[0]
    return Opened(case.issue, case.chain[0].fact.at, symptom.kind, symptom.service)
