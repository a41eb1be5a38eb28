"""Asking others what time it is."""

from collections.abc import Mapping
from typing import Protocol


class Dates(Protocol):
    """The clocks of others: of the forge and of the services."""

    async def ask(self) -> Mapping[str, int]:
        """Return the Unix time (ns) that each of them tells now, by name.

        Who does not answer within the adapter's own time limit, or tells no time, is left out. MUST NOT raise.
        """
        ...
