"""An index of lessons in memory, behind `ports.case_index`: two texts are as similar as the words that they share."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

from sre_space.ports.case_index import Lesson, Recalled


@dataclass
class MemoryIndex:
    """Lessons by id."""

    lessons: dict[str, Lesson] = field(default_factory=dict)

    async def remember(self, lesson: Lesson) -> None:
        """Keep."""
        self.lessons[lesson.id] = lesson

    async def recall(self, text: str, limit: int = 3, where: Mapping[str, str] | None = None) -> Sequence[Recalled]:
        """Return the most similar, with the text of theirs that is."""
        wanted = (where or {}).items()
        fit = [one for one in self.lessons.values() if all(one.facts.get(key) == value for key, value in wanted)]
        found = [_nearest(text, lesson) for lesson in fit]
        return sorted(found, key=lambda one: one.similarity, reverse=True)[:limit]


def _nearest(text: str, lesson: Lesson) -> Recalled:
    found = {one: _similarity(text, one) for one in (lesson.text, *lesson.more)}
    nearest = max(found, key=found.__getitem__)
    return Recalled(Lesson(lesson.id, nearest, lesson.facts), found[nearest])


def _similarity(one: str, other: str) -> float:
    """Return the cosine between how often each word is in them."""
    ours, theirs = (Counter(re.findall(r"\w+", text.lower())) for text in (one, other))
    length = sqrt(sum(n * n for n in ours.values()) * sum(n * n for n in theirs.values()))
    return min(1.0, sum(n * theirs[word] for word, n in ours.items()) / length) if length else 0.0
