"""One file of a partition: consecutive batches, each verified when the file is opened and when it is read.

A damaged batch between two intact ones is `lost`: its bytes are never served. Damage at the end of the file is
truncated, as Kafka does on recovery, and kept in a file beside it.
"""

import errno
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sre_embedded.servers.bus.batches import MAGIC_AT, MAX_BATCH_BYTES, Batch, is_intact, read_header
from sre_embedded.servers.bus.codec import ProtocolError
from sre_space.state_files import content_of, keep_last, set_folder_aside

MAX_SEARCHED = 16  # times the file's size: at most that much is checksummed in the search for the next intact batch
MAX_COUNT = 2**24  # records of a batch
SMALLEST_RECORD = 7  # bytes
MAX_CUT_FILES = 4  # files of truncated data that are kept

log = logging.getLogger(__name__)


@dataclass
class Segment:
    """One segment file and the headers of its batches, from offset `base` on. `whole` unless some of it was lost."""

    path: Path
    base: int
    descriptor: int
    size: int = 0
    batches: list[Batch] = field(default_factory=list)
    whole: bool = True

    @classmethod
    def open(cls, path: Path, base: int) -> "Segment":
        """Open or create a segment; a file that cannot be read at all is set aside, and its records are lost."""
        data = content_of(path)
        segment = cls(path, base, os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        segment._recover(data)
        return segment

    def _recover(self, data: bytes) -> None:
        """Index the intact batches of `data`, the content of the whole file."""
        for batch in _intact_batches(data, self.base):
            if batch.position > self.size:
                self._lose(self.next, batch.base - 1, batch.position - self.size)
            self.batches.append(batch)
            self.size = batch.position + batch.size
        if self.size < len(data):
            self._cut(data[self.size :])
        self.whole = self.whole and 0 < self.size == len(data)

    @property
    def next(self) -> int:
        """Return the offset after the last one."""
        return self.batches[-1].last + 1 if self.batches else self.base

    def _lose(self, first: int, last: int, size: int) -> None:
        """Record damage between intact batches; no offset is missing when it holds a copy of a batch."""
        log.error(
            "%s: the records %d to %d (%d bytes at %d) are damaged and are not served",
            self.path, first, last, size, self.size,
        )  # fmt: skip
        self.whole = False
        if first <= last:
            self.batches.append(Batch(first, last, -1, self.size, size, lost=True))

    def _cut(self, rest: bytes) -> None:
        """Truncate the end of the file, left by a kill in the middle of a write or damaged, and keep it in a file."""
        aside = self.path.with_name(f"{self.path.stem}.{self.size}.corrupt")
        log.error(
            "%s: from offset %d on, %d bytes are not intact record batches; they are cut off and kept as %s",
            self.path, self.next, len(rest), aside.name,
        )  # fmt: skip
        try:
            set_folder_aside(aside)
            aside.write_bytes(rest)
            aside.chmod(0o600)
        except OSError as error:
            log.error("%s: the data that is cut off could not be kept: %s", aside, error.strerror)
        cut_files = self.path.parent.glob("*.corrupt")
        keep_last(sorted(cut_files, key=lambda path: path.lstat().st_mtime_ns), MAX_CUT_FILES)
        os.ftruncate(self.descriptor, self.size)

    def append(self, data: bytes, batch: Batch) -> None:
        """Write one batch at the end of the index; `OSError` when it does not fit, and the file is truncated then."""
        written = os.pwrite(self.descriptor, data, self.size)
        if written != len(data):
            os.ftruncate(self.descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.batches.append(batch)
        self.size += len(data)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes in [start, end); fewer when the disk fails to return them."""
        try:
            return os.pread(self.descriptor, end - start, start)
        except OSError as error:
            log.error("%s: %s", self.path, error.strerror)
            return b""

    def lose(self, at: int) -> None:
        """Mark the batch at an index of `batches` as lost, because its bytes are no longer those that were written."""
        batch = self.batches[at]
        log.error(
            "%s: the records %d to %d (%d bytes at %d) have become damaged and are not served",
            self.path, batch.base, batch.last, batch.size, batch.position,
        )  # fmt: skip
        self.batches[at] = replace(batch, lost=True, max_at=-1, producer=-1)

    def close(self) -> None:
        """Close the file, before it is removed."""
        os.close(self.descriptor)


def _intact_batches(data: bytes, base: int) -> Iterator[Batch]:
    """Yield the intact batches of a file whose first offset is `base`, in ascending order of position and offset."""
    at = previous_end = 0  # where the next batch is expected, and where the previous one ended
    budget = MAX_SEARCHED * len(data)
    while 0 <= at < len(data) and budget >= 0:
        batch = _header_at(data, at)
        numbered = batch is not None and _is_numbered(data, batch, base, at - previous_end)
        if batch is not None and numbered and is_intact(data, at, batch.size):
            yield batch
            at = previous_end = at + batch.size
            base = batch.last + 1
        else:
            budget -= batch.size if batch is not None and numbered else 0
            at = data.find(b"\2", at + MAGIC_AT + 1) - MAGIC_AT  # the next possible place of a batch's format byte


def _header_at(data: bytes, at: int) -> Batch | None:
    """Return the header of a possible batch at position `at`, or None."""
    try:
        batch = read_header(data, at, at)
    except ProtocolError:
        return None
    return batch if batch.size <= MAX_BATCH_BYTES and batch.base <= batch.last < batch.base + MAX_COUNT else None


def _is_numbered(data: bytes, batch: Batch, base: int, skipped: int) -> bool:
    """Return False when the batch's first offset, which no checksum covers, cannot be correct.

    After an intact batch it must be `base`. After skipped bytes it must be larger, and is accepted when the next batch
    continues from it, or when that many records fit into the skipped bytes.
    """
    if not skipped or batch.base <= base:
        return batch.base == base
    next_base = data[batch.position + batch.size : batch.position + batch.size + 8]
    return int.from_bytes(next_base, "big") == batch.last + 1 or batch.base - base <= skipped // SMALLEST_RECORD
