"""The command line of the embedded space: `up`, `down` and `demo` of `sre-space`, with the same options."""

import click

from sre_space.cli import edge
from sre_space.cli.commands import DEMO, DOWN, UP
from sre_space.cli.edge import LazyCommand
from sre_space.cli.main import NAME

_HERE = "sre_embedded.cli"


def _command(named: LazyCommand, target: str) -> LazyCommand:
    return LazyCommand(str(named.name), f"{_HERE}.{target}", str(named.help), named.params)


app = click.Group(
    NAME,
    commands=[_command(UP, "lifecycle:up"), _command(DOWN, "lifecycle:down"), _command(DEMO, "demo:demo")],
    context_settings=edge.HELP,
    help="The embedded space: SRE-Space and its application on one machine.",
)
