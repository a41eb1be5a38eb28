"""The port by which Fixer sees whether a merged change of desired state has reached the application."""

from typing import Protocol


class Deployments(Protocol):
    """The desired state that is in force; the deployer, not the agents, applies `main`."""

    async def in_force(self, path: str, content: bytes) -> bool:
        """Return True when what runs was started with exactly this file of desired state, or applies it (limits).

        A service that was started with the file and ended since counts as well: its configuration is in force, though
        it is unhealthy. MUST raise `Unavailable` when that cannot be determined.
        """
        ...
