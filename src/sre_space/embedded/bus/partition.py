"""One partition on disk: record batches as they came, one append-only file a segment.

A record is acknowledged after `write` returned: it survives the death of this process. It is
not flushed to the disk itself, so a power cut may take the last second; nothing here is the
only copy of an incident. Only headers are kept in memory (KIP-98 batch format, magic 2).
"""

import errno
import os
import struct
import time
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field, replace
from pathlib import Path

from sre_space.embedded.bus.codec import ProtocolError

SEGMENT_BYTES = 16 * 2**20
KEPT_SEGMENTS = 4
MAX_BATCH_BYTES = 2**20 + 12  # Kafka's own default: what is too large there is too large here
HEADER = struct.Struct(">qiibIhiqqqhii")
LENGTH_AT = 12  # bytes before what `length` counts
REMEMBERED_BATCHES = 5  # per producer: what may be in flight at once
MAX_AHEAD_MS = 3600 * 1000  # Kafka's own default of `message.timestamp.after.max.ms`

NONE, OFFSET_OUT_OF_RANGE, CORRUPT, TOO_LARGE, INVALID_TIMESTAMP, OUT_OF_ORDER = 0, 1, 2, 10, 32, 45


@dataclass(frozen=True)
class Batch:
    """A batch's header: where it is, what it holds."""

    base: int
    last: int
    max_at: int
    position: int
    size: int
    producer: int
    epoch: int
    first_seq: int
    count: int


def read_header(data: bytes, start: int, position: int) -> Batch:
    """The batch that begins at `start`; `ProtocolError` when it is cut off or of an old format."""
    if len(data) - start < HEADER.size:
        raise ProtocolError("a record batch is cut off in its header")
    base, length, _, magic, _, _, last_delta, _, max_at, producer, epoch, first_seq, count = HEADER.unpack_from(
        data, start
    )
    size = length + LENGTH_AT
    if magic != 2 or size < HEADER.size or last_delta < 0 or count < 0:
        raise ProtocolError("a record batch is not of format 2")
    if start + size > len(data):
        raise ProtocolError("a record batch is cut off")
    return Batch(base, base + last_delta, max_at, position, size, producer, epoch, first_seq, count)


def read_headers(data: bytes) -> list[Batch]:
    """All batches of a produce request."""
    batches, start = [], 0
    while start < len(data):
        batches.append(read_header(data, start, start))
        start += batches[-1].size
    return batches


@dataclass
class Segment:
    """One file and the headers in it."""

    path: Path
    descriptor: int
    size: int = 0
    batches: list[Batch] = field(default_factory=list)

    @classmethod
    def open(cls, path: Path) -> "Segment":
        """Open or make it; a torn last batch, left by a kill in mid-write, is cut off."""
        segment = cls(path, os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
        data = path.read_bytes()
        while segment.size < len(data):
            try:
                batch = read_header(data, segment.size, segment.size)
            except ProtocolError:
                os.ftruncate(segment.descriptor, segment.size)
                break
            segment.batches.append(batch)
            segment.size += batch.size
        return segment

    def append(self, data: bytes, batch: Batch) -> None:
        """Write one batch whole."""
        written = os.write(self.descriptor, data)
        if written != len(data):
            os.ftruncate(self.descriptor, self.size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
        self.batches.append(batch)
        self.size += len(data)


class Partition:
    """Appends, reads, trims; wakes whoever waits for new records."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        paths = sorted(folder.glob("*.log")) or [folder / f"{0:020}.log"]
        self.segments = [Segment.open(path) for path in paths]
        self.next = int(paths[-1].stem)
        self.producers: dict[tuple[int, int], deque[Batch]] = {}
        for batch in (batch for segment in self.segments for batch in segment.batches):
            self.next = batch.last + 1
            self._remember(batch)

    @property
    def start(self) -> int:
        """The oldest offset that is still here."""
        return int(self.segments[0].path.stem)

    def append(self, data: bytes) -> tuple[int, int]:
        """Store the batches of one request: (error, first offset). A repeated batch answers as the first time."""
        first = -1
        for batch in read_headers(data):
            error, base = self._append_one(batch, data[batch.position : batch.position + batch.size])
            if error:
                return error, -1
            first = base if first < 0 else first
        return NONE, first

    def _append_one(self, batch: Batch, data: bytes) -> tuple[int, int]:
        if batch.size > MAX_BATCH_BYTES:
            return TOO_LARGE, -1
        if batch.max_at > time.time() * 1000 + MAX_AHEAD_MS:
            return INVALID_TIMESTAMP, -1
        known = self.producers.get((batch.producer, batch.epoch)) if batch.producer >= 0 else None
        if known:
            for earlier in known:
                if (earlier.first_seq, earlier.count) == (batch.first_seq, batch.count):
                    return NONE, earlier.base
            if batch.first_seq != (known[-1].first_seq + known[-1].count) & 0x7FFFFFFF:
                return OUT_OF_ORDER, -1
        segment = self._writable(len(data))
        last = self.next + batch.last - batch.base
        stored = replace(batch, base=self.next, last=last, position=segment.size)
        segment.append(struct.pack(">q", self.next) + data[8:], stored)
        self.next = last + 1
        self._remember(stored)
        return NONE, stored.base

    def read(self, offset: int, limit: int) -> bytes:
        """Whole batches from the one that holds `offset`, at least one when there is any, up to `limit` bytes."""
        segment = self._segment_of(offset)
        at = bisect_right(segment.batches, offset - 1, key=lambda batch: batch.last)
        if at == len(segment.batches):
            return b""
        first = segment.batches[at]
        end = first.position + max(limit, first.size)
        last = bisect_right(segment.batches, end, lo=at, key=lambda batch: batch.position + batch.size)
        until = segment.batches[max(last - 1, at)]
        return os.pread(segment.descriptor, until.position + until.size - first.position, first.position)

    def offset_at(self, at_ms: int) -> tuple[int, int]:
        """(time, offset) of the first batch with a record at or after `at_ms`; (-1, -1) when there is none."""
        batches = (batch for segment in self.segments for batch in segment.batches)
        return next(((batch.max_at, batch.base) for batch in batches if batch.max_at >= at_ms), (-1, -1))

    def _segment_of(self, offset: int) -> Segment:
        at = bisect_right(self.segments, offset, key=lambda segment: int(segment.path.stem))
        segment = self.segments[max(0, at - 1)]
        full = segment.batches and segment.batches[-1].last < offset and at < len(self.segments)
        return self.segments[at] if full else segment

    def _writable(self, size: int) -> Segment:
        if self.segments[-1].size and self.segments[-1].size + size > SEGMENT_BYTES:
            self.segments.append(Segment.open(self.folder / f"{self.next:020}.log"))
        while len(self.segments) > KEPT_SEGMENTS:
            oldest = self.segments.pop(0)
            os.close(oldest.descriptor)
            oldest.path.unlink()
        return self.segments[-1]

    def _remember(self, batch: Batch) -> None:
        if batch.producer >= 0:
            key = (batch.producer, batch.epoch)
            self.producers.setdefault(key, deque(maxlen=REMEMBERED_BATCHES)).append(batch)
