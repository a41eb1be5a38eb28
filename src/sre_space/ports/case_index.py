"""The index of past incidents: similarity over their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Lesson:
    """What one incident taught. `id` is the incident's ULID; `text` is embedded; `facts` are plain values."""

    id: str
    text: str
    facts: Mapping[str, str | int | float | bool]


@dataclass(frozen=True)
class Recalled:
    """A lesson with its cosine similarity to the question, 1.0 the same, 0.0 unrelated."""

    lesson: Lesson
    similarity: float


class CaseIndex(Protocol):
    """Lessons by meaning. An index only: the issues remain the truth."""

    async def remember(self, lesson: Lesson) -> None:
        """Store or replace by id. MUST be durable on return; `Unavailable` when the store is down."""
        ...

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """The most similar lessons, best first; `where` keeps only lessons whose facts equal these values."""
        ...

    async def forget(self, id: str) -> None:
        """Remove by id; an unknown id MUST be a no-op."""
        ...

    async def ping(self) -> None:
        """Return when the store answers; `Unavailable` otherwise."""
        ...
