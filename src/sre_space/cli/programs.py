"""The programs beside this one that commands start; this one imports none of them."""

import importlib.util
import sys

from sre_space.domain.errors import Refused


def command_of(program: str, absent: str) -> list[str]:
    """Return the command that runs a program's package; raise `Refused` with `absent` when it is not installed."""
    if importlib.util.find_spec(program) is None:
        raise Refused(absent)
    return [sys.executable, "-P", "-m", program]
