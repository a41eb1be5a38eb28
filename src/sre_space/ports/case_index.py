"""The index of past incidents: similarity over their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Lesson:
    """What one incident taught. `id` is the incident's ULID; `facts` are plain values.

    `text` and each of `more` are embedded by themselves: the lesson is as similar as the nearest of them.
    """

    id: str
    text: str
    facts: Mapping[str, str | int | float | bool]
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recalled:
    """A lesson with its cosine similarity to the question, 1.0 the same, 0.0 unrelated; its `text` is the nearest."""

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
