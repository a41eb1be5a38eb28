"""A record batch (KIP-98, magic 2): its header, and whether its bytes are what its producer sent.

The checksum covers everything from the attributes on; base offset and length, which it does not cover, are compared
with what is known of them.
"""

import struct
from dataclasses import dataclass

import google_crc32c

from sre_space.embedded.bus.codec import ProtocolError

HEADER = struct.Struct(">qiibIhiqqqhii")
LENGTH_AT = 12  # bytes before what `length` counts
CHECKED_AT = 21  # where the checksum's bytes begin
MAX_BATCH_BYTES = 2**20 + 12  # Kafka's own default: what is too large there is too large here
MAGIC_AT = 16
EPOCH = 0  # of the one leader there ever is; what a producer writes there does not count

NONE, OFFSET_OUT_OF_RANGE, CORRUPT, TOO_LARGE, INVALID_TIMESTAMP = 0, 1, 2, 10, 32
OUT_OF_ORDER, INVALID_EPOCH, FORBIDDEN_TRANSACTION, UNKNOWN_CODEC, INVALID_RECORD = 45, 47, 53, 76, 87


class InvalidBatch(ProtocolError):
    """A batch that is not taken; `code` is Kafka's error, the message says why."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True)
class Batch:
    """A batch's header: what it holds, and where it lies. Of a `lost` one only the offsets are left."""

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
    """The batch that begins at `start`; `InvalidBatch` when it is cut off, of an old format, or of impossible size."""
    if len(data) - start < HEADER.size:
        raise InvalidBatch(INVALID_RECORD, "there is no whole record batch")
    base, length, leader, magic, _, attributes, last_delta, base_at, max_at, producer, epoch, first_seq, count = (
        HEADER.unpack_from(data, start)
    )
    size = length + LENGTH_AT
    if magic != 2:
        raise InvalidBatch(
            INVALID_RECORD if magic in (0, 1) else CORRUPT, f"a record batch is of format {magic}, not 2"
        )
    if size < HEADER.size:
        raise InvalidBatch(CORRUPT, f"a record batch says that it has {size} bytes, its header alone has {HEADER.size}")
    if start + size > len(data):
        raise InvalidBatch(INVALID_RECORD, f"a record batch of {size} bytes is cut off after {len(data) - start}")
    last = base + last_delta
    told = attributes & 0xFFFF
    return Batch(base, last, max_at, position, size, producer, epoch, first_seq, count, told, base_at, leader)


def is_intact(data: bytes, start: int, size: int) -> bool:
    """True when the checksum of the batch of `size` bytes at `start` is right."""
    (told,) = struct.unpack_from(">I", data, start + CHECKED_AT - 4)
    checked = bytes(memoryview(data)[start + CHECKED_AT : start + size])
    return bool(google_crc32c.value(checked) == told)


def served(data: bytes, batch: Batch) -> bytes:
    """What a consumer is given for `data`, read from the disk: nothing unless it is, to the last bit, the batch."""
    known = struct.pack(">qiib", batch.base, batch.size - LENGTH_AT, batch.leader, 2)
    if len(data) != batch.size or data[: len(known)] != known or not is_intact(data, 0, batch.size):
        return b""
    return data if batch.leader == EPOCH else data[:LENGTH_AT] + struct.pack(">i", EPOCH) + data[MAGIC_AT:]


def stored(data: bytes, base: int, max_at: int) -> bytes:
    """The bytes of a batch as they are written: numbered from `base`, and with the time of its newest record."""
    body = data[CHECKED_AT : CHECKED_AT + 14] + struct.pack(">q", max_at) + data[CHECKED_AT + 22 :]
    checksum = google_crc32c.value(body)
    return struct.pack(">qiibI", base, len(data) - LENGTH_AT, EPOCH, 2, checksum) + body


def empty(base: int, last: int) -> bytes:
    """A batch without records for offsets that are lost: a consumer goes past them, as past compacted ones."""
    length = HEADER.size - LENGTH_AT
    bare = HEADER.pack(base, length, EPOCH, 2, 0, 0, last - base, -1, -1, -1, -1, -1, 0)
    return stored(bare, base, -1)
