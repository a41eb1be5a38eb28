"""`sre-space logs`: the log of one process of a space."""

import sys
import time
from pathlib import Path

from sre_space.bootstrap.space.state import NotRunning, SpaceState
from sre_space.domain.errors import Malformed


def logs(name: str, state: Path, follow: bool) -> None:
    """Print the log of one process; raise `Malformed`, with the existing names, when there is none of this name."""
    folder = SpaceState(state)
    if not folder.logs.is_dir():
        raise NotRunning(state)
    known = sorted(path.stem for path in folder.logs.glob("*.log"))
    if name not in known:
        raise Malformed(f"there is no log of {name!r}; there are: {', '.join(known) or 'none'}")
    with folder.log(name).open(errors="replace") as file:
        while True:
            sys.stdout.write(file.read())
            sys.stdout.flush()
            if not follow:
                return
            time.sleep(0.2)
