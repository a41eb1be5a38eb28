"""One evaluation: plays all rounds in a space, and prints tables and scores."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from rich.console import Console
from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation import detection, diagnosis, healing
from sre_evaluation.course import Asked, Course
from sre_evaluation.rounds import Round, play
from sre_evaluation.space_under_test import SECOND
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed
from sre_space.exits import FAILED


class Score(Protocol):
    """The score of an evaluation, printed as its last line."""

    @property
    def good(self) -> bool:
        """Return True when the score is good enough for exit status 0."""
        ...


FILE_WIDTH = 200  # columns of the tables where the output is no terminal

EVALUATIONS: Mapping[str, Callable[[Sequence[Round], Sequence[Case]], tuple[Table, Score]]] = {
    "detection": detection.evaluate,
    "diagnosis": diagnosis.evaluate,
    "healing": healing.evaluate,
}


MakeCourse = Callable[[Console], AbstractContextManager[Course]]


def evaluate(
    of: Sequence[str], make_course: MakeCourse, repeat: int, seed: int, only: Sequence[str], quiet_minutes: float
) -> int:
    """Print the tables and, last, the scores; return 0 only when each score is good enough."""
    names = [name for text in only for name in text.split(",") if name]
    unknown = sorted(set(names) - set(EXPERIMENTS))
    if unknown:
        raise Malformed(f"there is no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else FILE_WIDTH)
    with make_course(out) as own:
        own.learn()
        quiet = _quiet(own, quiet_minutes if "detection" in of else 0.0)
        rounds = list(play(Asked(repeat, seed, tuple(names)), own, heal="healing" in of))
        results = [EVALUATIONS[name](rounds, quiet) for name in of]
        good = all(score.good for _, score in results)
        if not good:
            own.keep()
    for table, _ in results:
        out.print(table)
    for _, score in results:
        print(score)
    return 0 if good else FAILED


def _quiet(own: Course, minutes: float) -> Sequence[Case]:
    """Return the incidents of `minutes` without any fault, and of the learning before them."""
    if minutes:
        own.console.print(f"[dim]{minutes:g} quiet minutes[/dim]")
    begun = time.time_ns()
    own.space.until(lambda: time.time_ns() - begun > minutes * 60 * SECOND, minutes * 60 + 1)
    cases = own.space.cases_since(0)
    own.console.print(f"quiet: {len(cases)} incidents in {minutes:g} minutes and while learning")
    return cases
