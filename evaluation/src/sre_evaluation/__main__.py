"""`python -m sre_evaluation`, started by `sre-space eval`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from sre_chaos.experiments import EXPERIMENTS
from sre_evaluation import detection, healing
from sre_evaluation.course import Asked, course

USAGE = 2


def main(
    chart: Annotated[Path, typer.Option(help="The patient's chart.")],
    healed: Annotated[bool, typer.Option("--healing", help="What the doctor does, not only what it sees.")] = False,
    repeat: Annotated[int, typer.Option(min=1, help="How often each experiment is run.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed, the same order.")] = 1,
    only: Annotated[list[str] | None, typer.Option(help="Some of the experiments.")] = None,
    quiet_minutes: Annotated[float, typer.Option(min=0, help="How long to watch a healthy space.")] = 20.0,
) -> None:
    """Print the table and, last, the score; exit 0 only when it is perfect."""
    unknown = sorted(set(only or ()) - set(EXPERIMENTS))
    if unknown:
        raise typer.BadParameter(f"there is no experiment {unknown[0]!r}; there are: {', '.join(EXPERIMENTS)}")
    asked = Asked(repeat, seed, tuple(only or ()), quiet_minutes)
    with course(chart, Console()) as own:
        score = healing.run(asked, own) if healed else detection.run(asked, own)
    print(score)
    raise typer.Exit(0 if score.good else 1)


if __name__ == "__main__":
    typer.run(main)
