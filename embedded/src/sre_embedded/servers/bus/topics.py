"""The topics of the broker: created on first use, and restored from their folders after a restart."""

import re
from collections.abc import Iterable
from pathlib import Path

from sre_embedded.servers.bus.partition import Partition
from sre_space.codec.topics import ONE_PARTITION
from sre_space.state_files import make_folder

PARTITIONS = 4
UNKNOWN_TOPIC, INVALID_TOPIC, TOPIC_EXISTS, INVALID_PARTITIONS, INVALID_REPLICATION = 3, 17, 36, 37, 38
_NAME = re.compile(r"[a-zA-Z0-9._-]{1,249}")
_FOLDER = re.compile(r"(.+)-(0|[1-9]\d{0,3})")


class Topics:
    """The partitions by topic and number."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_folder(folder)
        folders = [match for path in folder.iterdir() if (match := _FOLDER.fullmatch(path.name))]
        counts: dict[str, int] = {}
        for match in folders:
            counts[match[1]] = max(counts.get(match[1], 0), int(match[2]) + 1)
        # A partition whose folder is missing is created anew, empty, so that the others keep their numbers.
        self._topics = {topic: self._partitions(topic, count) for topic, count in sorted(counts.items())}

    def names(self) -> Iterable[str]:
        """Return the names of all topics."""
        return list(self._topics)

    def get(self, topic: str) -> list[Partition]:
        """Return a topic's partitions; empty when there is no such topic."""
        return self._topics.get(topic, [])

    def partition(self, topic: str, number: int) -> Partition | None:
        """Return a partition of a topic, or None when it does not exist."""
        partitions = self.get(topic)
        return partitions[number] if 0 <= number < len(partitions) else None

    def refusal(self, topic: str, count: int = -1, replicas: int = -1) -> int:
        """Return Kafka's error code for why a topic cannot be created, 0 when it can.

        For `count` and `replicas`, -1 stands for the default.
        """
        if not _NAME.fullmatch(topic) or topic in (".", ".."):
            return INVALID_TOPIC
        if topic in self._topics:
            return TOPIC_EXISTS
        if count == 0 or count < -1:
            return INVALID_PARTITIONS
        return 0 if replicas in (-1, 1) else INVALID_REPLICATION

    def create(self, topic: str, count: int = -1) -> None:
        """Create a topic for which `refusal` returned 0."""
        count = count if count > 0 else (1 if topic in ONE_PARTITION else PARTITIONS)
        self._topics[topic] = self._partitions(topic, count)

    def _partitions(self, topic: str, count: int) -> list[Partition]:
        return [Partition(self.folder / f"{topic}-{number}") for number in range(count)]
