"""The port to the index of past incidents: a similarity search over their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Lesson:
    """The lesson of one incident. `id` is the incident's ULID; `facts` are plain values to filter by.

    `text` and each text of `more` are embedded separately: the lesson's similarity is that of the nearest text.
    """

    id: str
    text: str
    facts: Mapping[str, str | int | float | bool]
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recalled:
    """A lesson with its cosine similarity to the query (1.0 same, 0.0 unrelated); its `text` is the nearest text."""

    lesson: Lesson
    similarity: float


class CaseIndex(Protocol):
    """A search index of lessons by meaning; the issues remain the source of truth."""

    async def remember(self, lesson: Lesson) -> None:
        """Store or replace a lesson by id; MUST be durable on return, MUST raise `Unavailable` when it is down."""
        ...

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """Return the most similar lessons, best first, of those whose facts have the values of `where`."""
        ...
