"""The option that says which space a command is about."""

import os
from pathlib import Path
from typing import Annotated

import typer


def _default_state() -> Path:
    base = os.environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"


StateOption = Annotated[
    Path, typer.Option("--state", envvar="SRE_SPACE_STATE", default_factory=_default_state, help="State folder.")
]
