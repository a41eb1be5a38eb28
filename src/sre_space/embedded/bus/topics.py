"""The topics of the broker: made on first use, found again after a restart."""

import re
from collections.abc import Iterable
from pathlib import Path

from sre_space.embedded.bus.partition import Partition

PARTITIONS = 4
ONE_PARTITION = {"sre_signals", "sre_facts", "changes"}
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,200}")
_FOLDER = re.compile(r"(.+)-(\d+)")


class Topics:
    """Partitions by topic and number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._topics: dict[str, list[Partition]] = {}
        found = (match for path in folder.iterdir() if path.is_dir() and (match := _FOLDER.fullmatch(path.name)))
        for match in sorted(found, key=lambda match: (match[1], int(match[2]))):
            self._topics.setdefault(match[1], []).append(Partition(folder / match[0]))

    def names(self) -> Iterable[str]:
        """All topics."""
        return list(self._topics)

    def get(self, topic: str) -> list[Partition]:
        """A topic's partitions; empty when there is no such topic."""
        return self._topics.get(topic, [])

    def partition(self, topic: str, number: int) -> Partition | None:
        """One partition."""
        partitions = self.get(topic)
        return partitions[number] if 0 <= number < len(partitions) else None

    def create(self, topic: str, count: int = 0) -> bool:
        """Make a topic; False for a name that is not one or exists."""
        if topic in self._topics or not _NAME.fullmatch(topic) or topic in (".", ".."):
            return False
        count = count if count > 0 else (1 if topic in ONE_PARTITION else PARTITIONS)
        self._topics[topic] = [Partition(self.folder / f"{topic}-{number}") for number in range(count)]
        return True
