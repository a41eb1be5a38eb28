"""The port to the holds that people placed and those that the configuration plans."""

from collections.abc import Sequence
from typing import Protocol

from sre_space.domain.holds import Hold


class Holds(Protocol):
    """The holds of this space."""

    async def current(self, *, fresh: bool = False) -> Sequence[Hold]:
        """Return the holds that last now.

        Each MUST be of somebody who may order it, and end within a day. The answer MAY be a few seconds old, unless it
        is to be `fresh`. MUST raise `Unavailable` when it cannot be known.
        """
        ...
