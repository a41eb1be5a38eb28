"""The port to the people who give orders over the dashboard, each with a key that only their token unlocks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sre_space.ports.signing import Signer


@dataclass(frozen=True)
class Person:
    """A person whose token was given, with the key that it unlocked."""

    name: str
    signer: Signer


class People(Protocol):
    """The people of this space."""

    async def of(self, token: str) -> Person | None:
        """Return whom a token names, None for an unknown one; MUST keep neither token nor unlocked key."""
        ...

    def names(self) -> Sequence[str]:
        """Return the names of all people."""
        ...
