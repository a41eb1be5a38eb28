"""Asks the sources of evidence, and says which ones did not answer. Used by the inquest and its gathering.

What the runtime and a probe say of a service that is out suffices: no trace, log, measure or commit is waited for then.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sre_space.domain.errors import SpaceError

T = TypeVar("T")
PATIENCE_S = 3.0  # of an outage: a source that is well answers within it on a busy machine


@dataclass
class Sources:
    """One investigation's. Sources that are `needed` fail as they fail; others are left out and noted in `missing`."""

    needed: bool
    patience_s: float = PATIENCE_S
    missing: dict[str, str] = field(default_factory=dict)

    async def ask(self, name: str, question: Coroutine[Any, Any, T], instead: T) -> T:
        """Return the answer, or `instead` of a source that is not needed and fails or is silent for `patience_s`."""
        if self.needed:
            return await question
        try:
            async with asyncio.timeout(self.patience_s):
                return await question
        except TimeoutError:
            self.missing.setdefault(name, f"no answer within {self.patience_s:g} s")
        except SpaceError as error:
            self.missing.setdefault(name, str(error))
        return instead

    @property
    def told(self) -> tuple[str, ...]:
        """A sentence for each source that was left out."""
        return tuple(f"{name} were not available: {reason}" for name, reason in sorted(self.missing.items()))
