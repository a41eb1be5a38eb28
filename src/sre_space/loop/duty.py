"""The port through which the loop calls an agent."""

from typing import Protocol

from sre_space.domain.case import Case
from sre_space.domain.facts import Payload, Step


class Duty(Protocol):
    """The steps that one agent performs on an incident; implemented by Scout, Brain, Fixer and Memory."""

    async def perform(self, case: Case, step: Step) -> Payload | None:
        """Perform the step and return the payload to record; return None to be asked again later.

        MUST be safe to repeat after a crash at any point: before each change it checks whether an earlier attempt has
        made it. Raises a `SpaceError` when a server does not answer.
        """
        ...

    async def recorded(self, case: Case) -> None:
        """Finish what follows from this agent's newest fact; called once it is recorded, and after a restart."""
        ...
