"""The halt file: a person's brake, read before every act."""

from typing import Protocol


class KillSwitch(Protocol):
    """Says whether a person has stopped the doctor."""

    def halted(self) -> bool:
        """True while halted. MUST read the present state each time; MUST answer True when it cannot tell."""
        ...

    def halt(self) -> None:
        """Stop every action from now on; MUST be a no-op while halted. Only a person releases it."""
        ...
