"""`sre-space`: the command line. Every command ends with a documented exit status and, on failure, one sentence."""

from typing import NoReturn

import click

from sre_space.cli import edge
from sre_space.cli.commands import VERBS

NAME = "sre-space"

app = click.Group(
    NAME, commands=VERBS, context_settings=edge.HELP, help="SRE-Space: four agents that keep an application reliable."
)
click.version_option(package_name=NAME)(app)


def main() -> NoReturn:
    """Run the command in the arguments of this process."""
    edge.main(app, NAME)


if __name__ == "__main__":
    main()
