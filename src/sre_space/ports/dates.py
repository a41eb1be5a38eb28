"""The port to the clocks of other machines."""

from collections.abc import Mapping
from typing import Protocol


class Dates(Protocol):
    """The clocks of the forge and of the services."""

    async def ask(self) -> Mapping[str, int]:
        """Return the present Unix time (ns) of each other clock, by the server's name.

        A server that does not answer within the adapter's time limit, or sends no time, is left out. MUST NOT raise.
        """
        ...
