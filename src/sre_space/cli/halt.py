"""`sre-space halt`: the kill switch. It imports little, so that it takes effect at once."""

import sys
from pathlib import Path

from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Unavailable


def halt(state: Path) -> None:
    """Create the halt file; raise `Unavailable`, with another way to stop every action, when that fails."""
    folder = SpaceState(state)
    folder.make()
    try:
        folder.halt.touch(mode=0o600)
    except OSError as error:
        message = f"NOT halted: {folder.halt} cannot be created: {error.strerror}"
        raise Unavailable(f"{message}; stop every action with: sre-space down") from error
    sys.stdout.write("halted: no action is taken until `sre-space resume`\n")
