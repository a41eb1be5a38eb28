"""`sre-space halt` and `resume`: the kill switch."""

from pathlib import Path

from sre_space.bootstrap.space_state import NotRunning, State
from sre_space.domain.errors import Unavailable
from sre_space.entrypoints import ordering
from sre_space.entrypoints.asking import asked
from sre_space.entrypoints.screen import err, out


def halt(state: Path) -> None:
    """Make the halt file; `Unavailable` says what stops every action when it cannot be made."""
    folder = State(state)
    folder.make()
    try:
        folder.halt.touch(mode=0o600)
    except OSError as error:
        told = f"NOT halted: {folder.halt} cannot be made: {error.strerror}"
        raise Unavailable(f"{told}; what stops every action now is: sre-space down") from error
    out.print("halted: no action is taken until `sre-space resume`")


def resume(state: Path) -> None:
    """Remove the halt file and the label; a label that stays is told."""
    try:
        asked(state, ordering.release)
    except NotRunning:
        pass  # there is nobody whom a label could halt
    except Unavailable as error:
        err.print(f"sre-space: a label that halts stays where it is: {error}", markup=False, highlight=False)
    State(state).release()
    out.print("the agents may act")
