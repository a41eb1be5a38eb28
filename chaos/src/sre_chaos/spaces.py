"""Which space is hit: the one of containers around this process, else the embedded one of a state folder."""

import os
from pathlib import Path

from sre_chaos.compose import DOOR, compose_space
from sre_chaos.embedded import embedded_space
from sre_chaos.space import Space


def space_of(state: Path) -> Space:
    """Return the space; raise `Unreachable` when none runs."""
    return compose_space(os.environ) if os.environ.get(DOOR) else embedded_space(state)


def default_state() -> Path:
    """Return the default state folder of `sre-space up`."""
    named = os.environ.get("SRE_SPACE_STATE")
    base = os.environ.get("XDG_STATE_HOME")
    return Path(named) if named else (Path(base) if base else Path.home() / ".local" / "state") / "sre-space"
