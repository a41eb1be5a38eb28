"""The committed offsets of the groups: an append-only journal, compacted at start.

They are expendable: a group whose offset is lost begins where its consumers say (`auto.offset.reset`).
"""

import contextlib
import errno
import json
import os
from pathlib import Path

from sre_space.files import replace_file
from sre_space.state_files import content_of, set_aside

MAX_OFFSET = 2**63 - 1


class Offsets:
    """Offsets and their metadata by group, topic and partition."""

    def __init__(self, path: Path) -> None:
        self.committed: dict[str, dict[tuple[str, int], tuple[int, str]]] = {}
        lines = content_of(path).split(b"\n")
        damaged = [number for number, line in enumerate(lines, 1) if line and not self._replay(line)]
        if damaged and damaged != [len(lines)]:  # a last line that is cut off is what a kill in mid-write leaves
            set_aside(path, f"{len(damaged)} lines are damaged, the first is {damaged[0]}: they count for nothing")
        self._journal = self._compacted(path)

    def _compacted(self, path: Path) -> int:
        """A journal of what counts, open for what comes."""
        with contextlib.suppress(OSError):  # a full disk: the longer journal says the same
            lines = [self._line(g, t, p) for g, kept in self.committed.items() for t, p in kept]
            replace_file(path, "".join(lines).encode())
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def commit(self, group: str, topic: str, partition: int, offset: int, metadata: str) -> None:
        """On disk when it returns; `OSError` when it cannot be: no half line is left, the offset of before counts."""
        kept = self.committed.setdefault(group, {})
        before = kept.get((topic, partition))
        kept[topic, partition] = (offset, metadata)
        try:
            self._append(self._line(group, topic, partition).encode())
        except OSError:
            if before is None:
                del kept[topic, partition]
            else:
                kept[topic, partition] = before
            raise

    def _append(self, line: bytes) -> None:
        size = os.fstat(self._journal).st_size
        if os.write(self._journal, line) != len(line):
            os.ftruncate(self._journal, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _line(self, group: str, topic: str, partition: int) -> str:
        return json.dumps([group, topic, partition, *self.committed[group][topic, partition]]) + "\n"

    def _replay(self, line: bytes) -> bool:
        """Take a line in; False for one that is none."""
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            return False
        kinds = [type(one) for one in told] if isinstance(told, list) else []
        if kinds != [str, str, int, int, str] or not (0 <= told[2] < 2**31 and -1 <= told[3] <= MAX_OFFSET):
            return False
        group, topic, partition, offset, metadata = told
        self.committed.setdefault(group, {})[topic, partition] = (offset, metadata)
        return True
