"""A Kafka record batch (KIP-98, magic 2): parse its header and verify that its bytes are what its producer sent.

The checksum covers everything from the attributes on; the base offset and the length, which it does not cover, are
compared with the values in the index of the segment.
"""

import struct
from dataclasses import dataclass

import google_crc32c

from sre_embedded.servers.bus.codec import ProtocolError

HEADER = struct.Struct(">qiibIhiqqqhii")
LENGTH_AT = 12  # bytes before the part that `length` counts
CHECKED_AT = 21  # where the bytes begin that the checksum covers
MAX_BATCH_BYTES = 2**20 + 12  # Kafka's own default, so that a batch that Kafka rejects is rejected here too
MAGIC_AT = 16
EPOCH = 0  # of the only leader; what a producer writes there is overwritten

NONE, OFFSET_OUT_OF_RANGE, CORRUPT, TOO_LARGE, INVALID_TIMESTAMP = 0, 1, 2, 10, 32
OUT_OF_ORDER, INVALID_EPOCH, FORBIDDEN_TRANSACTION, UNKNOWN_CODEC, INVALID_RECORD = 45, 47, 53, 76, 87


class InvalidBatch(ProtocolError):
    """A record batch that the broker rejects; `code` is Kafka's error code, the message says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Batch:
    """The header of a record batch and its position in the segment file. A `lost` batch has only its offsets."""

    base: int
    last: int
    max_at: int
    position: int
    size: int
    producer: int = -1
    epoch: int = -1
    first_seq: int = -1
    count: int = 0
    attributes: int = 0
    base_at: int = 0
    leader: int = EPOCH
    lost: bool = False


def read_header(data: bytes, start: int, position: int) -> Batch:
    """Return the header of the batch that begins at `start` of `data`.

    `InvalidBatch` when the batch is cut off, of an old format, or of an impossible size.
    """
    if len(data) - start < HEADER.size:
        raise InvalidBatch(INVALID_RECORD, "the request holds no complete record batch")
    base, length, leader, magic, _, attributes, last_delta, base_at, max_at, producer, epoch, first_seq, count = (
        HEADER.unpack_from(data, start)
    )
    size = length + LENGTH_AT
    if magic != 2:
        raise InvalidBatch(INVALID_RECORD if magic in (0, 1) else CORRUPT, f"a record batch has format {magic}, not 2")
    if size < HEADER.size:
        raise InvalidBatch(
            CORRUPT, f"a record batch declares a size of {size} bytes, its header alone has {HEADER.size}"
        )
    if start + size > len(data):
        raise InvalidBatch(INVALID_RECORD, f"a record batch of {size} bytes is cut off after {len(data) - start}")
    last = base + last_delta
    flags = attributes & 0xFFFF
    return Batch(base, last, max_at, position, size, producer, epoch, first_seq, count, flags, base_at, leader)


def is_intact(data: bytes, start: int, size: int) -> bool:
    """Return True when the checksum of the batch of `size` bytes at `start` is correct."""
    (expected,) = struct.unpack_from(">I", data, start + CHECKED_AT - 4)
    checked = bytes(memoryview(data)[start + CHECKED_AT : start + size])
    return bool(google_crc32c.value(checked) == expected)


def served(data: bytes, batch: Batch) -> bytes:
    """Return the bytes that a consumer gets for `data`, which was read from the disk.

    Nothing when the header does not match `batch` or the checksum is wrong.
    """
    expected = struct.pack(">qiib", batch.base, batch.size - LENGTH_AT, batch.leader, 2)
    if len(data) != batch.size or data[: len(expected)] != expected or not is_intact(data, 0, batch.size):
        return b""
    return data if batch.leader == EPOCH else data[:LENGTH_AT] + struct.pack(">i", EPOCH) + data[MAGIC_AT:]


def stored(data: bytes, base: int, max_at: int) -> bytes:
    """Return the bytes of a batch as they are written to disk.

    Its offsets begin at `base`, and `max_at` (Unix ms) is the time of its newest record.
    """
    body = data[CHECKED_AT : CHECKED_AT + 14] + struct.pack(">q", max_at) + data[CHECKED_AT + 22 :]
    checksum = google_crc32c.value(body)
    return struct.pack(">qiibI", base, len(data) - LENGTH_AT, EPOCH, 2, checksum) + body


def empty(base: int, last: int) -> bytes:
    """Return a batch without records for lost offsets: consumers skip it, as they skip compacted offsets."""
    length = HEADER.size - LENGTH_AT
    bare = HEADER.pack(base, length, EPOCH, 2, 0, 0, last - base, -1, -1, -1, -1, -1, 0)
    return stored(bare, base, -1)
