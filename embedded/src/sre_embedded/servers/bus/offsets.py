"""The committed offsets of consumer groups: an append-only journal, compacted at start.

They are expendable: a group whose offset is lost begins where its consumers are configured to (`auto.offset.reset`).
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
    """Committed offsets and their metadata by group, topic and partition; kept in one journal file."""

    def __init__(self, path: Path) -> None:
        self.committed: dict[str, dict[tuple[str, int], tuple[int, str]]] = {}
        lines = content_of(path).split(b"\n")
        damaged = [number for number, line in enumerate(lines, 1) if line and not self._replay(line)]
        if damaged and damaged != [len(lines)]:  # a kill in the middle of a write leaves a truncated last line
            set_aside(path, f"{len(damaged)} lines are damaged, the first is {damaged[0]}: they are ignored")
        self._journal = self._compacted(path)

    def _compacted(self, path: Path) -> int:
        """Rewrite the journal with the current offsets only; return its file descriptor, open for appending."""
        with contextlib.suppress(OSError):  # on a full disk the journal is left uncompacted, with the same content
            lines = [self._line(g, t, p) for g, offsets in self.committed.items() for t, p in offsets]
            replace_file(path, "".join(lines).encode())
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def commit(self, group: str, topic: str, partition: int, offset: int, metadata: str) -> None:
        """Store an offset on disk.

        `OSError` when it cannot be written: the partial line is removed and the previous offset remains valid.
        """
        offsets = self.committed.setdefault(group, {})
        previous = offsets.get((topic, partition))
        offsets[topic, partition] = (offset, metadata)
        try:
            self._append(self._line(group, topic, partition).encode())
        except OSError:
            if previous is None:
                del offsets[topic, partition]
            else:
                offsets[topic, partition] = previous
            raise

    def _append(self, line: bytes) -> None:
        size = os.fstat(self._journal).st_size
        if os.write(self._journal, line) != len(line):
            os.ftruncate(self._journal, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def _line(self, group: str, topic: str, partition: int) -> str:
        return json.dumps([group, topic, partition, *self.committed[group][topic, partition]]) + "\n"

    def _replay(self, line: bytes) -> bool:
        """Apply a line of the journal; return False when the line is malformed."""
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            return False
        kinds = [type(field) for field in fields] if isinstance(fields, list) else []
        if kinds != [str, str, int, int, str] or not (0 <= fields[2] < 2**31 and -1 <= fields[3] <= MAX_OFFSET):
            return False
        group, topic, partition, offset, metadata = fields
        self.committed.setdefault(group, {})[topic, partition] = (offset, metadata)
        return True
