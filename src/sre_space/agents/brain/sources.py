"""Asks the sources of evidence, and notes those that did not answer. Used by the investigation and its gathering.

During an outage the answers of the runtime and of a health probe suffice, so traces, logs, metrics and commits are
optional.
"""

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sre_space.domain.errors import SpaceError

T = TypeVar("T")
PATIENCE_S = 3.0  # during an outage: a healthy source answers sooner, even on a busy machine


@dataclass
class Sources:
    """The sources of one investigation.

    Errors of sources that are `needed` are raised; others are left out and noted in `missing`, the reason by source.
    """

    needed: bool
    patience_s: float = PATIENCE_S
    missing: dict[str, str] = field(default_factory=dict)

    async def ask(self, name: str, question: Coroutine[Any, Any, T], instead: T) -> T:
        """Return the answer of a source.

        Where sources are needed, raise the source's own error. Otherwise return `instead` when it fails or does not
        answer within `patience_s` seconds, and note why.
        """
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
    def notes(self) -> tuple[str, ...]:
        """Return a sentence for each source that was left out."""
        return tuple(f"{name} were not available: {reason}" for name, reason in sorted(self.missing.items()))
