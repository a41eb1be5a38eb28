"""`sre-space`: the command line. Every command ends with a named exit status and, on failure, one sentence."""

from typing import NoReturn

import click

from sre_space.cli import edge
from sre_space.cli.commands import VERBS

NAME = "sre-space"

app = click.Group(
    NAME, commands=VERBS, context_settings=edge.HELP, help="SRE-Space: four agents that keep an application up."
)
click.version_option(package_name=NAME)(app)


def main() -> NoReturn:
    """Run the command that the arguments name."""
    edge.main(app, NAME)


if __name__ == "__main__":
    main()
