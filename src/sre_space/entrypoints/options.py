"""Options that several commands share."""

import os
from pathlib import Path
from typing import Annotated

import click
import typer

from sre_space.bootstrap.env_file import beside


def _default_state() -> Path:
    """What `.env` beside the configuration says, whose option is read first; else the usual folder."""
    context = click.get_current_context(silent=True)
    chart = (context.params.get("chart") if context else None) or os.environ.get("SRE_SPACE_CHART") or "sre-space.yaml"
    if told := beside(Path(chart)).values.get("SRE_SPACE_STATE"):
        return Path(told)
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"


StateOption = Annotated[
    Path, typer.Option("--state", envvar="SRE_SPACE_STATE", default_factory=_default_state, help="State folder.")
]
