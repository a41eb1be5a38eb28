"""The port to the incidents on the forge, read back from their issues."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.domain.case import Case
from sre_space.domain.guardrails import PastAction


class IncidentRepository(Protocol):
    """The verified incidents of this repository; the issues are the only source."""

    async def past_actions(self, since: int) -> Sequence[PastAction]:
        """Return the actions of all incidents that changed a service at or after `since` (Unix ns)."""
        ...

    async def touched(self, since: int) -> Sequence[Case]:
        """Return the open and closed incidents whose issue was updated at or after `since` (Unix ns)."""
        ...

    async def opened(self, after: int, until: int) -> Sequence[Case]:
        """Return the open and closed incidents that Scout opened in (after, until), Unix ns, both excluded."""
        ...

    async def case(self, issue: int) -> Case | None:
        """Return the verified case of an issue; None when the issue is not an incident of this space."""
        ...

    async def open_cases(self) -> Sequence[Case]:
        """Return every open incident, oldest first; of two issues with one ULID only the lower number."""
        ...
