"""Validates the records inside a batch before it is stored, as Kafka does: every length must stay within its bounds."""

import zlib
from collections.abc import Callable
from typing import Any

import cramjam

from sre_embedded.servers.bus.batches import (
    FORBIDDEN_TRANSACTION,
    INVALID_EPOCH,
    INVALID_RECORD,
    INVALID_TIMESTAMP,
    UNKNOWN_CODEC,
    Batch,
    InvalidBatch,
)

MAX_UNPACKED = 8 * 2**20  # bytes: a batch that inflates to more is meant to exhaust its readers
AHEAD_MS = 3600 * 1000  # Kafka's default of message.timestamp.after.max.ms
CODEC, LOG_APPEND_TIME, TRANSACTIONAL, CONTROL = 0x07, 0x08, 0x10, 0x20
SNAPPY_FRAMED = b"\x82SNAPPY\0"
SNAPPY_HEAD = 16  # bytes before the blocks of Java's framing: magic, version, compatible version


def newest(batch: Batch, payload: bytes, now_ms: int) -> int:
    """Return the time (Unix ms) of the newest record of a batch.

    `InvalidBatch` when the batch is not one that a client may send.
    """
    _check_header(batch)
    latest = batch.base_at + _walk(_unpacked(batch.attributes & CODEC, payload), batch.count)
    if latest > now_ms + AHEAD_MS:
        raise InvalidBatch(INVALID_TIMESTAMP, f"a record has the timestamp {latest} ms, more than an hour ahead")
    return latest


def _check_header(batch: Batch) -> None:
    if batch.base != 0:
        raise InvalidBatch(INVALID_RECORD, f"a batch begins at the offset {batch.base}, not 0")
    if batch.count <= 0 or batch.last - batch.base + 1 != batch.count:
        raise InvalidBatch(
            INVALID_RECORD, f"the batch declares {batch.count} records for the offsets 0 to {batch.last}"
        )
    if batch.attributes & CONTROL:
        raise InvalidBatch(INVALID_RECORD, "a client may not write control records")
    if batch.attributes & TRANSACTIONAL:
        raise InvalidBatch(FORBIDDEN_TRANSACTION, "this broker has no transactions")
    if batch.attributes & LOG_APPEND_TIME:
        raise InvalidBatch(INVALID_TIMESTAMP, "a client may not choose the broker's time")
    if batch.producer >= 0 and batch.first_seq < 0:
        raise InvalidBatch(INVALID_RECORD, f"a producer's batch has the sequence {batch.first_seq}")
    if batch.producer >= 0 and batch.epoch < 0:
        raise InvalidBatch(INVALID_EPOCH, f"a producer's batch has the epoch {batch.epoch}")


def _unpacked(codec: int, payload: bytes) -> bytes:
    if codec == 0:
        return payload
    unpack = _CODECS.get(codec)
    if unpack is None:
        raise InvalidBatch(UNKNOWN_CODEC, f"there is no codec {codec}")
    try:
        return unpack(payload)
    except (zlib.error, cramjam.DecompressionError, ValueError) as error:
        raise InvalidBatch(INVALID_RECORD, f"the records do not unpack: {error}") from error


def _gzip(payload: bytes) -> bytes:
    stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
    unpacked = stream.decompress(payload, MAX_UNPACKED)
    if not stream.eof:
        raise ValueError(f"cut off, or over {MAX_UNPACKED} bytes")
    return unpacked


def _bounded(into: Callable[[Any, Any], int]) -> Callable[[bytes], bytes]:
    """Wrap a decompressor so that it fails over MAX_UNPACKED bytes; memory that is not written to is not used."""

    def unpack(payload: bytes) -> bytes:
        room = bytearray(MAX_UNPACKED)
        size = into(payload, room)
        if size >= MAX_UNPACKED:
            raise ValueError(f"over {MAX_UNPACKED} bytes")
        return bytes(memoryview(room)[:size])

    return unpack


def _snappy(payload: bytes) -> bytes:
    """Decompress raw snappy, as librdkafka sends it, or Java's framing: repeated pairs of a length and a raw block."""
    if not payload.startswith(SNAPPY_FRAMED):
        return _snappy_block(payload)
    blocks, at, total = [], SNAPPY_HEAD, 0
    while at < len(payload):
        size = int.from_bytes(payload[at : at + 4], "big")
        blocks.append(_snappy_block(payload[at + 4 : at + 4 + size]))
        at, total = at + 4 + size, total + len(blocks[-1])
        if at > len(payload) or total > MAX_UNPACKED:
            raise ValueError(f"cut off, or over {MAX_UNPACKED} bytes")
    return b"".join(blocks)


def _snappy_block(block: bytes) -> bytes:
    if cramjam.snappy.decompress_raw_len(block) > MAX_UNPACKED:
        raise ValueError(f"over {MAX_UNPACKED} bytes")
    return bytes(cramjam.snappy.decompress_raw(block))


_CODECS: dict[int, Callable[[bytes], bytes]] = {
    1: _gzip,
    2: _snappy,
    3: _bounded(cramjam.lz4.decompress_into),
    4: _bounded(cramjam.zstd.decompress_into),
}


class _Cursor:
    """Reads variable-length numbers; `InvalidBatch` for everything beyond `end`."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.end = data, 0, len(data)

    def number(self, max_bytes: int = 10) -> int:
        """Read a zigzag-encoded number of at most `max_bytes` bytes."""
        if self.at < self.end and (byte := self.data[self.at]) < 0x80:  # most numbers have one byte
            self.at += 1
            return (byte >> 1) ^ -(byte & 1)
        value = shift = 0
        for at in range(self.at, min(self.end, self.at + max_bytes)):
            byte = self.data[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at + 1
                return (value >> 1) ^ -(value & 1)
            shift += 7
        raise InvalidBatch(INVALID_RECORD, f"a number at {self.at} exceeds its record")

    def skip(self, size: int) -> None:
        """Skip `size` bytes."""
        if size < 0 or self.at + size > self.end:
            raise InvalidBatch(
                INVALID_RECORD, f"a field of {size} bytes at {self.at} exceeds its record, which ends at {self.end}"
            )
        self.at += size

    def skip_field(self) -> None:
        """Skip a field with its length in front; the length -1 stands for null."""
        size = self.number(5)
        self.skip(0 if size == -1 else size)


def _walk(data: bytes, count: int) -> int:
    """Parse all records; return the largest of their times (ms, relative to the batch's)."""
    cursor, whole, largest = _Cursor(data), len(data), -(2**63)
    for number in range(count):
        cursor.end = whole
        size = cursor.number(5)
        end = cursor.at + size
        cursor.skip(size)
        cursor.at, cursor.end = end - size, end
        largest = max(largest, _record(cursor, number))
        if cursor.at != end:
            raise InvalidBatch(
                INVALID_RECORD, f"record {number} has {size} bytes, and its fields end {end - cursor.at} bytes earlier"
            )
    if cursor.at != whole:
        raise InvalidBatch(INVALID_RECORD, f"{whole - cursor.at} bytes follow the last of {count} records")
    return largest


def _record(cursor: _Cursor, number: int) -> int:
    """Parse one record; return its time (ms, relative to the batch's)."""
    cursor.skip(1)
    at, offset_delta = cursor.number(), cursor.number(5)
    if offset_delta != number:
        raise InvalidBatch(INVALID_RECORD, f"record {number} declares the offset delta {offset_delta}")
    cursor.skip_field()
    cursor.skip_field()
    headers = cursor.number(5)
    if not 0 <= headers <= cursor.end - cursor.at:
        raise InvalidBatch(INVALID_RECORD, f"record {number} declares {headers} headers")
    for _ in range(headers):
        size = cursor.number(5)
        cursor.skip(size)
        _check_key(cursor.data[cursor.at - size : cursor.at], number)
        cursor.skip_field()
    return at


def _check_key(key: bytes, number: int) -> None:
    """Raise `InvalidBatch` for a header name that is not UTF-8: clients fail on it."""
    try:
        key.decode()
    except UnicodeDecodeError as error:
        raise InvalidBatch(INVALID_RECORD, f"a header of record {number} has a name that is not UTF-8") from error
