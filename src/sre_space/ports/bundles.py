"""Everything that a diagnosis looked at, kept so that it can be repeated."""

from collections.abc import Mapping
from typing import Protocol


class Bundles(Protocol):
    """Bundles of files, named by the SHA-256 of what is stored (lower-case hex)."""

    async def keep(self, files: Mapping[str, bytes]) -> str:
        """Store files by relative path; the bundle's name. Equal files MUST give an equal name.

        MUST be atomic and private to this user, and raise `Unavailable` when nothing can be stored now. MAY forget the
        oldest bundles to keep their number and size bounded.
        """
        ...

    async def load(self, name: str) -> Mapping[str, bytes]:
        """The files of a bundle; `Missing` when it is gone, `Malformed` when it is not what its name says."""
        ...
