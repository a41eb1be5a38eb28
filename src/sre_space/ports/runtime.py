"""The runtime that holds the units of the application (processes, containers, pods).

Who only reads holds a `RuntimeReader`, whose credentials can change nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True)
class Unit:
    """What the runtime says of one unit.

    `incarnation` names this very life of the unit: it MUST differ after every start and MUST NOT
    change in between (for a unit that ended: it names that end). `state` is what the runtime
    believes; `exit_code` is None while running, negative for a signal (-9: SIGKILL) when known.
    """

    name: str
    state: Literal["running", "starting", "stopped", "exited", "fatal", "unknown"]
    incarnation: str
    pid: int | None
    since: int
    exit_code: int | None
    detail: str = ""


class RuntimeReader(Protocol):
    """Tells the state of units."""

    async def units(self) -> Sequence[Unit]:
        """All units of the application. MUST raise `Unavailable` when the runtime does not answer."""
        ...

    async def unit(self, name: str) -> Unit:
        """One unit, `Missing` when the runtime does not know it."""
        ...


class Runtime(RuntimeReader, Protocol):
    """Changes units too."""

    async def restart(self, name: str, expected: str) -> Unit:
        """End the unit if it lives and start it again; return the new life.

        MUST raise `Refused` and change nothing when the unit's incarnation is not `expected`.
        MUST accept only names the runtime knows; no shell. Returns when the runtime has
        started the unit, not when it serves.
        """
        ...
