"""One partition on disk: record batches as they arrived, in append-only segments.

A record is acknowledged after `write` returned: it survives the death of this process. It is
not flushed to the disk itself, so a power cut may lose the last second; nothing here is the
only copy of an incident. Only headers are kept in memory.
"""

import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from sre_embedded.servers.bus import batches
from sre_embedded.servers.bus.batches import (
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
from sre_embedded.servers.bus.records import newest
from sre_embedded.servers.bus.segment import Segment
from sre_space.state_files import make_folder

SEGMENT_BYTES = 16 * 2**20
MAX_SEGMENTS = 4
REMEMBERED_BATCHES = 5  # per producer: as many may be in flight at once


def now_ms() -> int:
    """Return the current time in Unix ms."""
    return time.time_ns() // 10**6


class Partition:
    """Appends batches, reads them, and removes the oldest segments. `clock` returns Unix ms."""

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
        # Producers whose batches may be missing: their next batch is accepted.
        self.gaps = set(self.producers) if damaged else set()

    @property
    def start(self) -> int:
        """Return the oldest offset that is still stored."""
        return self.segments[0].base

    @property
    def next(self) -> int:
        """Return the offset that the next record gets."""
        return self.segments[-1].next

    def append(self, data: bytes) -> tuple[int, int]:
        """Store the batch of one request; return Kafka's error code and the first offset.

        A repeated batch gets the offset of its first delivery (idempotent producer). `InvalidBatch` when the data is
        damaged, incomplete or not of the form that a client may send; nothing is written then.
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
        """Return the only batch of a request, validated as Kafka does; `max_at` is set from its records (Unix ms)."""
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
        written = replace(batch, base=base, last=base + batch.last, position=segment.size, leader=EPOCH)
        segment.append(batches.stored(data, base, batch.max_at), written)
        self._remember(written)
        return base

    def read(self, offset: int, limit: int) -> bytes:
        """Return whole batches from the one that holds `offset`, up to `limit` bytes, and one batch in any case.

        b"" when there is no batch. Every batch is verified; a lost batch is replaced by one without records.
        """
        first = bisect_right(self.segments, offset, key=lambda segment: segment.base) - 1
        for index in range(max(0, first), len(self.segments)):
            if data := self._read(index, offset, limit):
                return data
        return b""

    def _read(self, index: int, offset: int, limit: int) -> bytes:
        segment = self.segments[index]
        at = bisect_left(segment.batches, offset, key=lambda batch: batch.last)
        if at == len(segment.batches):
            return self._gap(index, offset)
        first = segment.batches[at]
        if first.lost:
            return batches.empty(first.base, first.last)
        end = first.position + max(limit, first.size)
        end_index = bisect_right(segment.batches, end, lo=at, key=lambda batch: batch.position + batch.size)
        last = segment.batches[max(end_index - 1, at)]
        data = segment.read(first.position, last.position + last.size)
        return b"".join(_served(segment, n, data, first.position) for n in range(at, max(end_index, at + 1)))

    def _gap(self, index: int, offset: int) -> bytes:
        """Return an empty batch for the offsets lost between the end of a segment and the start of the next one."""
        segment = self.segments[index]
        next_base = self.segments[index + 1].base if index + 1 < len(self.segments) else segment.next
        return batches.empty(segment.next, next_base - 1) if segment.next <= offset < next_base else b""

    def offset_at(self, at_ms: int) -> tuple[int, int]:
        """Return time (Unix ms) and offset of the first batch with a record at or after `at_ms`.

        (-1, -1) when there is none.
        """
        intact = (batch for segment in self.segments for batch in segment.batches if not batch.lost)
        return next(((batch.max_at, batch.base) for batch in intact if batch.max_at >= at_ms), (-1, -1))

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
    """Return True for the name of a segment file: its first offset in twenty digits."""
    return len(name) == 20 and name.isascii() and name.isdecimal() and int(name) < 2**63


def _served(segment: Segment, index: int, data: bytes, start: int) -> bytes:
    """Return what a consumer gets for a batch whose bytes are in `data`, which was read from position `start` on."""
    batch = segment.batches[index]
    content = b""
    if not batch.lost:
        content = batches.served(data[batch.position - start : batch.position - start + batch.size], batch)
        if not content:
            segment.lose(index)
    return content or batches.empty(batch.base, batch.last)
