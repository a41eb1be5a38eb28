"""One evaluation: a space of its own, all rounds in it, and the tables and scores that come of them."""

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.table import Table

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation import detection, diagnosis, healing
from sre_evaluation.course import Asked, Course, course
from sre_evaluation.patient import SECOND
from sre_evaluation.rounds import Round, play
from sre_space.domain.case import Case
from sre_space.domain.errors import Malformed
from sre_space.exits import FAILED


class Score(Protocol):
    """A last line, and whether it is as good as it must be."""

    @property
    def good(self) -> bool:
        """For the exit code."""
        ...


IN_A_FILE = 200  # columns, where no terminal says how many there are: tables are whole in a file

JUDGES: Mapping[str, Callable[[Sequence[Round], Sequence[Case]], tuple[Table, Score]]] = {
    "detection": detection.judge,
    "diagnosis": diagnosis.judge,
    "healing": healing.judge,
}


def evaluate(of: Sequence[str], chart: Path, repeat: int, seed: int, only: Sequence[str], quiet_minutes: float) -> int:
    """Print the tables and, last, the scores; 0 only when each is as good as it must be."""
    names = [name for told in only for name in told.split(",") if name]
    unknown = sorted(set(names) - set(EXPERIMENTS))
    if unknown:
        raise Malformed(f"there is no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    out = Console(width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else IN_A_FILE)
    with course(chart, out) as own:
        own.learn()
        quiet = _quiet(own, quiet_minutes if "detection" in of else 0.0)
        rounds = list(play(Asked(repeat, seed, tuple(names)), own, heal="healing" in of))
        judged = [JUDGES[one](rounds, quiet) for one in of]
        good = all(score.good for _, score in judged)
        if not good:
            own.keep()
    for table, _ in judged:
        out.print(table)
    for _, score in judged:
        print(score)
    return 0 if good else FAILED


def _quiet(own: Course, minutes: float) -> Sequence[Case]:
    """The incidents of a time in which nothing is wrong, and of the learning before it."""
    if minutes:
        own.told.print(f"[dim]{minutes:g} quiet minutes[/dim]")
    begun = time.time_ns()
    own.patient.until(lambda: time.time_ns() - begun > minutes * 60 * SECOND, minutes * 60 + 1)
    found = own.patient.cases_since(0)
    own.told.print(f"quiet: {len(found)} incidents in {minutes:g} minutes and while learning")
    return found
