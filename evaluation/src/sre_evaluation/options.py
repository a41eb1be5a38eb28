"""The options of the evaluation's commands."""

import click

from sre_space.cli.options import Finite, Text, TextPath

OPTIONS = [
    click.Argument(["of"], nargs=-1, required=True, type=click.Choice(["detection", "diagnosis", "healing"])),
    click.Option(["--chart", "config_path"], type=TextPath(resolved=True), required=True, help="The configuration."),
    click.Option(["--repeat"], type=click.IntRange(1, 10_000), default=1, help="How often each experiment runs."),
    click.Option(["--seed"], type=int, default=1, help="The same seed gives the same order."),
    click.Option(["--only"], type=Text(), multiple=True, help="Only these experiments; with commas, or repeated."),
    click.Option(["--quiet-minutes"], type=Finite(0, 1440), default=20.0, help="How long to watch a healthy space."),
]
