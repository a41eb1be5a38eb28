"""`sre-space halt`: the kill switch. It imports little, for it must work at once."""

import sys
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Unavailable


def halt(state: Path) -> None:
    """Make the halt file; `Unavailable` says what stops every action when it cannot be made."""
    folder = SpaceState(state)
    folder.make()
    try:
        folder.halt.touch(mode=0o600)
    except OSError as error:
        told = f"NOT halted: {folder.halt} cannot be made: {error.strerror}"
        raise Unavailable(f"{told}; what stops every action now is: sre-space down") from error
    sys.stdout.write("halted: no action is taken until `sre-space resume`\n")
