"""One partition on disk: record batches as they came, in append-only segments.

A record is acknowledged after `write` returned: it survives the death of this process. It is
not flushed to the disk itself, so a power cut may take the last second; nothing here is the
only copy of an incident. Only headers are kept in memory.
"""

import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sre_space.embedded.bus import batches
from sre_space.embedded.bus.batches import (
    CORRUPT,
    EPOCH,
    HEADER,
    INVALID_EPOCH,
    INVALID_RECORD,
    MAX_BATCH_BYTES,
    NONE,
    OUT_OF_ORDER,
    TOO_LARGE,
    Batch,
    InvalidBatch,
)
from sre_space.embedded.bus.records import newest
from sre_space.embedded.bus.segment import Segment
from sre_space.state_files import make_folder

SEGMENT_BYTES = 16 * 2**20
MAX_SEGMENTS = 4
REMEMBERED_BATCHES = 5  # per producer: what may be in flight at once


def now_ms() -> int:
    """Unix ms."""
    return time.time_ns() // 10**6


class Partition:
    """Appends, reads, trims. `clock` answers with Unix ms."""

    def __init__(self, folder: Path, clock: Callable[[], int] = now_ms) -> None:
        self.folder, self._clock = folder, clock
        make_folder(folder)
        bases = sorted(int(path.stem) for path in folder.glob("*.log") if _is_base(path.stem)) or [0]
        self.segments: list[Segment] = []
        for base in bases:
            self.segments.append(Segment.open(self._path(base), base))
        self.producers: dict[tuple[int, int], deque[Batch]] = {}
        self.epochs: dict[int, int] = {}
        for batch in (batch for segment in self.segments for batch in segment.batches):
            self._remember(batch)
        damaged = not all(segment.whole for segment in self.segments)
        self.gaps = set(self.producers) if damaged else set()  # whose batches may be missing: their next one is taken

    @property
    def start(self) -> int:
        """The oldest offset that is still here."""
        return self.segments[0].base

    @property
    def next(self) -> int:
        """The offset that the next record gets."""
        return self.segments[-1].next

    def append(self, data: bytes) -> tuple[int, int]:
        """Store the batch of one request: (error, first offset). A repeated batch answers as the first time.

        `InvalidBatch` when it is not whole, unaltered and of the form that a client may send; nothing is written then.
        """
        batch = self._checked(data)
        key = batch.producer, batch.epoch
        known = self.producers.get(key) if batch.producer >= 0 else None
        if known:
            for earlier in known:
                if (earlier.first_seq, earlier.count) == (batch.first_seq, batch.count):
                    return NONE, earlier.base
            if batch.first_seq != (known[-1].first_seq + known[-1].count) & 0x7FFFFFFF and key not in self.gaps:
                return OUT_OF_ORDER, -1
            self.gaps.discard(key)
        elif batch.producer in self.epochs:
            if batch.epoch < self.epochs[batch.producer]:
                return INVALID_EPOCH, -1
            if batch.first_seq != 0:
                return OUT_OF_ORDER, -1
        return NONE, self._write(batch, data)

    def _checked(self, data: bytes) -> Batch:
        """The one batch of a request, as Kafka would take it; its `max_at` is that of its records."""
        batch = batches.read_header(data, 0, 0)
        if batch.size > MAX_BATCH_BYTES:
            raise InvalidBatch(TOO_LARGE, f"a record batch of {batch.size} bytes")
        if not batches.is_intact(data, 0, batch.size):
            raise InvalidBatch(CORRUPT, "the checksum of a record batch is wrong")
        if batch.size != len(data):
            raise InvalidBatch(INVALID_RECORD, "one request has more than one record batch for a partition")
        return replace(batch, max_at=newest(batch, data[HEADER.size :], self._clock()))

    def _write(self, batch: Batch, data: bytes) -> int:
        segment, base = self._writable(len(data)), self.next
        kept = replace(batch, base=base, last=base + batch.last, position=segment.size, leader=EPOCH)
        segment.append(batches.stored(data, base, batch.max_at), kept)
        self._remember(kept)
        return base

    def read(self, offset: int, limit: int) -> bytes:
        """Whole batches from the one that holds `offset`, at least one when there is any, up to `limit` bytes.

        What is read is checked; in the place of a batch that is lost stands one without records.
        """
        first = bisect_right(self.segments, offset, key=lambda segment: segment.base) - 1
        for index in range(max(0, first), len(self.segments)):
            if found := self._read(index, offset, limit):
                return found
        return b""

    def _read(self, index: int, offset: int, limit: int) -> bytes:
        segment = self.segments[index]
        at = bisect_left(segment.batches, offset, key=lambda batch: batch.last)
        if at == len(segment.batches):
            return self._hole(index, offset)
        first = segment.batches[at]
        if first.lost:
            return batches.empty(first.base, first.last)
        end = first.position + max(limit, first.size)
        behind = bisect_right(segment.batches, end, lo=at, key=lambda batch: batch.position + batch.size)
        until = segment.batches[max(behind - 1, at)]
        data = segment.read(first.position, until.position + until.size)
        return b"".join(_served(segment, n, data, first.position) for n in range(at, max(behind, at + 1)))

    def _hole(self, index: int, offset: int) -> bytes:
        """The end of a segment was lost, and the next one begins later than this one ends."""
        segment = self.segments[index]
        later = self.segments[index + 1].base if index + 1 < len(self.segments) else segment.next
        return batches.empty(segment.next, later - 1) if segment.next <= offset < later else b""

    def offset_at(self, at_ms: int) -> tuple[int, int]:
        """(time, offset) of the first batch with a record at or after `at_ms`; (-1, -1) when there is none."""
        found = (batch for segment in self.segments for batch in segment.batches if not batch.lost)
        return next(((batch.max_at, batch.base) for batch in found if batch.max_at >= at_ms), (-1, -1))

    def _writable(self, size: int) -> Segment:
        if self.segments[-1].size and self.segments[-1].size + size > SEGMENT_BYTES:
            base = self.next
            self.segments.append(Segment.open(self._path(base), base))
        while len(self.segments) > MAX_SEGMENTS:
            oldest = self.segments.pop(0)
            oldest.close()
            oldest.path.unlink(missing_ok=True)
        return self.segments[-1]

    def _path(self, base: int) -> Path:
        return self.folder / f"{base:020}.log"

    def _remember(self, batch: Batch) -> None:
        if batch.producer >= 0:
            key = (batch.producer, batch.epoch)
            self.producers.setdefault(key, deque(maxlen=REMEMBERED_BATCHES)).append(batch)
            self.epochs[batch.producer] = batch.epoch


def _is_base(name: str) -> bool:
    """True for the name that a segment has: its first offset in twenty digits."""
    return len(name) == 20 and name.isascii() and name.isdecimal() and int(name) < 2**63


def _served(segment: Segment, index: int, data: bytes, start: int) -> bytes:
    """What a consumer gets for a batch of which `data`, read from `start` on, has the bytes."""
    batch = segment.batches[index]
    found = b""
    if not batch.lost:
        found = batches.served(data[batch.position - start : batch.position - start + batch.size], batch)
        if not found:
            segment.lose(index)
    return found or batches.empty(batch.base, batch.last)
