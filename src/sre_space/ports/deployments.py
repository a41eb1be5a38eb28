"""What of the desired state is in force: how Fixer sees that a merged change has reached the patient."""

from typing import Protocol


class Deployments(Protocol):
    """The end of the way from `main` to what runs; the deployer, not the doctor, brings it there."""

    async def in_force(self, path: str, content: bytes) -> bool:
        """True when what runs was started with exactly this file of desired state (or obeys it: limits).

        A service that ended after it was started with it counts: its configuration is in force, it is just not well.
        MUST raise `Unavailable` when it cannot tell.
        """
        ...
