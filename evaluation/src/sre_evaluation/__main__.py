"""`python -m sre_evaluation`, started by `sre-space eval`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation import detection, diagnosis
from sre_evaluation.course import Asked


class Of(StrEnum):
    """What is evaluated."""

    DETECTION = "detection"
    DIAGNOSIS = "diagnosis"


def main(
    of: Annotated[Of, typer.Argument(help="What to evaluate.")],
    chart: Annotated[Path, typer.Option(help="The patient's chart.")],
    repeat: Annotated[int, typer.Option(min=1, help="How often each experiment is run.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed, the same order.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Some of the experiments, with commas or repeated.")] = None,
    quiet_minutes: Annotated[float, typer.Option(min=0, help="How long to watch a healthy space.")] = 20.0,
) -> None:
    """Print the table and, last, the score; exit 0 only when it is as good as it must be."""
    names = [name for told in only or () for name in told.split(",") if name]
    unknown = sorted(set(names) - set(EXPERIMENTS))
    if unknown:
        raise typer.BadParameter(f"there is no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    asked = Asked(repeat, seed, tuple(names), quiet_minutes)
    score = (detection if of is Of.DETECTION else diagnosis).run(asked, chart, Console())
    print(score)
    raise typer.Exit(0 if score.good else 1)


if __name__ == "__main__":
    typer.run(main)
