"""The port to the runtime that runs the units of the application (processes, containers, pods).

An agent that only reads has a `RuntimeReader`, whose credentials can change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Unit:
    """The runtime's state of one unit.

    `incarnation` identifies the unit's present process: it MUST differ after every start and MUST NOT
    change in between (for a unit that ended, it identifies that end). `state` is the runtime's view, `since`
    its begin (Unix ns); `exit_code` is None while running, negative for a signal (-9: SIGKILL) when known.
    """

    name: str
    state: Literal["running", "starting", "stopped", "exited", "fatal", "unknown"]
    incarnation: str
    pid: int | None
    since: int
    exit_code: int | None
    detail: str = ""


class RuntimeReader(Protocol):
    """A reader of the state of units."""

    async def units(self) -> Sequence[Unit]:
        """Return all units of the application. MUST raise `Unavailable` when the runtime does not answer."""
        ...

    async def unit(self, name: str) -> Unit:
        """Return one unit; MUST raise `Missing` when the runtime does not know it."""
        ...


class Runtime(RuntimeReader, Protocol):
    """A reader that can also restart units."""

    async def restart(self, name: str, expected: str) -> Unit:
        """Stop the unit if it runs, start it, and return its new state.

        MUST raise `Refused` and change nothing when the unit's incarnation is not `expected`.
        MUST accept only names that the runtime knows; no shell. Returns when the runtime has
        started the unit, not when it serves.
        """
        ...
