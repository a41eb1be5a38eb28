"""The port to evidence bundles: all data that a diagnosis used, stored so that the diagnosis can be repeated."""

from collections.abc import Mapping
from typing import Protocol


class Bundles(Protocol):
    """A store of file bundles, named by the SHA-256 of the stored bytes (lower-case hex)."""

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """Store files by relative path and return the bundle's name; equal files MUST give an equal name.

        MUST be atomic and private to this user, and raise `Unavailable` when nothing can be stored now. MAY delete the
        oldest bundles to bound their number and size.
        """
        ...

    async def load(self, name: str) -> Mapping[str, bytes]:
        """Return a bundle's files by path; raise `Missing` when it is gone, `Malformed` when its hash is wrong."""
        ...
