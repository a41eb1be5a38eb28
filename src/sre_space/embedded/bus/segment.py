"""One file of a partition: batches one behind the other, each checked when the file is opened and when it is read.

Between two good batches a bad one is `lost`: nobody is given its bytes. What is bad at the end is cut off, as Kafka
does when it recovers, and kept beside the file.
"""

import errno
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sre_space.embedded.bus.batches import MAGIC_AT, MAX_BATCH_BYTES, Batch, is_intact, read_header
from sre_space.embedded.bus.codec import ProtocolError
from sre_space.state_files import content_of, keep_last, make_way

MAX_SEARCHED = 16  # sizes of the file that are checksummed, at most, while a good batch is looked for behind a bad one
MAX_COUNT = 2**24  # records of a batch
SMALLEST_RECORD = 7  # bytes
MAX_CUT_FILES = 4  # what was cut off, in files

log = logging.getLogger(__name__)


@dataclass
class Segment:
    """One file and the headers in it; it begins at the offset `base`. `whole` unless something of it was lost."""

    path: Path
    base: int
    descriptor: int
    size: int = 0
    batches: list[Batch] = field(default_factory=list)
    whole: bool = True

    @classmethod
    def open(cls, path: Path, base: int) -> "Segment":
        """Open or make it; one that cannot be read at all is set aside, and its records are lost."""
        data = content_of(path)
        segment = cls(path, base, os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        segment._recover(data)
        return segment

    def _recover(self, data: bytes) -> None:
        """Take in what is good of `data`, the whole file."""
        for batch in _good(data, self.base):
            if batch.position > self.size:
                self._lose(self.next, batch.base - 1, batch.position - self.size)
            self.batches.append(batch)
            self.size = batch.position + batch.size
        if self.size < len(data):
            self._cut(data[self.size :])
        self.whole = self.whole and 0 < self.size == len(data)

    @property
    def next(self) -> int:
        """The offset behind the last one."""
        return self.batches[-1].last + 1 if self.batches else self.base

    def _lose(self, first: int, last: int, size: int) -> None:
        """Between good batches; no offset may be missing for it (two copies of one batch)."""
        log.error(
            "%s: the records %d to %d (%d bytes at %d) are damaged, and are given to nobody",
            self.path, first, last, size, self.size,
        )  # fmt: skip
        self.whole = False
        if first <= last:
            self.batches.append(Batch(first, last, -1, self.size, size, lost=True))

    def _cut(self, rest: bytes) -> None:
        """What a kill in the middle of a write leaves, or damage."""
        aside = self.path.with_name(f"{self.path.stem}.{self.size}.corrupt")
        log.error(
            "%s: from offset %d on %d bytes are no whole record batches; they are cut off and kept as %s",
            self.path, self.next, len(rest), aside.name,
        )  # fmt: skip
        try:
            make_way(aside)
            aside.write_bytes(rest)
            aside.chmod(0o600)
        except OSError as error:
            log.error("%s: what is cut off could not be kept: %s", aside, error.strerror)
        found = self.path.parent.glob("*.corrupt")
        keep_last(sorted(found, key=lambda path: path.lstat().st_mtime_ns), MAX_CUT_FILES)
        os.ftruncate(self.descriptor, self.size)

    def append(self, data: bytes, batch: Batch) -> None:
        """Write one batch whole, where it belongs whatever became of the file."""
        written = os.pwrite(self.descriptor, data, self.size)
        if written != len(data):
            os.ftruncate(self.descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.batches.append(batch)
        self.size += len(data)

    def read(self, start: int, end: int) -> bytes:
        """The bytes in [start, end); fewer, when the disk does not give them."""
        try:
            return os.pread(self.descriptor, end - start, start)
        except OSError as error:
            log.error("%s: %s", self.path, error.strerror)
            return b""

    def lose(self, at: int) -> None:
        """The batch at an index of `batches` was read, and is not what was written."""
        batch = self.batches[at]
        log.error(
            "%s: the records %d to %d (%d bytes at %d) have become damaged, and are given to nobody",
            self.path, batch.base, batch.last, batch.size, batch.position,
        )  # fmt: skip
        self.batches[at] = replace(batch, lost=True, max_at=-1, producer=-1)

    def close(self) -> None:
        """Before the file is removed."""
        os.close(self.descriptor)


def _good(data: bytes, base: int) -> Iterator[Batch]:
    """The good batches of a file that begins at the offset `base`, in ascending order of position and offset."""
    at = begin = 0  # where a batch is looked for, and where the one before ended
    budget = MAX_SEARCHED * len(data)
    while 0 <= at < len(data) and budget >= 0:
        batch = _header_at(data, at)
        numbered = batch is not None and _is_numbered(data, batch, base, at - begin)
        if batch is not None and numbered and is_intact(data, at, batch.size):
            yield batch
            at = begin = at + batch.size
            base = batch.last + 1
        else:
            budget -= batch.size if batch is not None and numbered else 0
            at = data.find(b"\2", at + MAGIC_AT + 1) - MAGIC_AT  # the next place where a batch's format may stand


def _header_at(data: bytes, at: int) -> Batch | None:
    """What may be a batch."""
    try:
        batch = read_header(data, at, at)
    except ProtocolError:
        return None
    return batch if batch.size <= MAX_BATCH_BYTES and batch.base <= batch.last < batch.base + MAX_COUNT else None


def _is_numbered(data: bytes, batch: Batch, base: int, skipped: int) -> bool:
    """False when the batch's first offset, which no checksum covers, cannot be right.

    Behind a good batch it is `base`. Behind bytes that were skipped it is larger, and believed when the batch behind
    agrees, or when so many records fit into what was skipped.
    """
    if not skipped or batch.base <= base:
        return batch.base == base
    behind = data[batch.position + batch.size : batch.position + batch.size + 8]
    return int.from_bytes(behind, "big") == batch.last + 1 or batch.base - base <= skipped // SMALLEST_RECORD
