"""The port to the kill switch, by which a person stops all actions; agents read it before every action."""

from typing import Protocol


class KillSwitch(Protocol):
    """The kill switch of a space."""

    def halted(self) -> bool:
        """Return True while halted; MUST read the present state each time, MUST be True when that cannot be read."""
        ...

    def halt(self) -> None:
        """Stop every action from now on; MUST be a no-op while halted. Only a person lifts the halt."""
        ...


class ManualKillSwitch(KillSwitch, Protocol):
    """A kill switch that a person can also release."""

    def release(self) -> None:
        """Let the agents act again; MUST raise `Unavailable` when they stay halted."""
        ...
