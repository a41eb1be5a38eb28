"""What the doctor did lately, read back from the issues."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.domain.case import Case
from sre_space.domain.guardrails import PastAction


class IncidentRepository(Protocol):
    """Verified history; the issues are its only source."""

    async def past_actions(self, since: int) -> Sequence[PastAction]:
        """Actions that changed a service at or after `since` (Unix ns), over open and closed incidents."""
        ...

    async def touched(self, since: int) -> Sequence[Case]:
        """Open and closed incidents on which something was said or done at or after `since` (Unix ns)."""
        ...

    async def opened(self, after: int, until: int) -> Sequence[Case]:
        """Open and closed incidents that Scout opened after one time and before another (Unix ns, both excluded)."""
        ...

    async def case(self, issue: int) -> Case | None:
        """The verified case of an issue; None when the issue is not an incident of ours."""
        ...

    async def open_cases(self) -> Sequence[Case]:
        """Every open incident, oldest first; of two with one ULID only the lowest number."""
        ...
