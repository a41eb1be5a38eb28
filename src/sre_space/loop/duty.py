"""What the loop asks of every agent."""

from typing import Protocol

from sre_space.domain.case import Case
from sre_space.domain.facts import Payload, Step


class Duty(Protocol):
    """One agent's part in a case."""

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Do the step and return what to record; None: not yet, ask again.

        MUST be safe to repeat after a crash at any point: whatever it changes, it first checks
        whether an earlier try already has. Raises a `SpaceError` when the world does not answer.
        """
        ...

    async def recorded(self, case: Case) -> None:
        """Called after this agent's fact was accepted (and again after a restart): finish what follows from it."""
        ...
