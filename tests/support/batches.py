"""Record batches made by hand (KIP-98): right ones, and ones with a single thing wrong."""

import struct
from collections.abc import Sequence
from typing import Any

import google_crc32c

HEADER = struct.Struct(">qiibIhiqqqhii")
CHECKED_AT = 21


def varint(value: int) -> bytes:
    """Return a number as a zigzag varint."""
    left = (value << 1) ^ (value >> 63)
    found = bytearray()
    while left > 0x7F:
        found.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*found, left])


def field(value: bytes | None) -> bytes:
    """Bytes with their length in front."""
    return varint(-1) if value is None else varint(len(value)) + value


def record(
    number: int,
    value: bytes | None = b"v",
    *,
    key: bytes | None = None,
    headers: Sequence[tuple[bytes, bytes | None]] = (),
    at: int = 0,
) -> bytes:
    """One record of a batch, `at` ms after the batch's own time."""
    told = b"".join(field(name) + field(held) for name, held in headers)
    body = b"\0" + varint(at) + varint(number) + field(key) + field(value) + varint(len(headers)) + told
    return varint(len(body)) + body


def batch(count: int = 1, size: int = 10, *, payload: bytes | None = None, **changed: Any) -> bytes:  # noqa: ANN401
    """Return a batch of `count` records of `size` bytes each; `changed` are header fields, the checksum is right."""
    held = b"".join(record(number, b"r" * size) for number in range(count)) if payload is None else payload
    at = changed.pop("at", 1000)
    fields = {
        "base": 0, "length": HEADER.size - 12 + len(held), "leader": -1, "magic": 2, "crc": 0, "attributes": 0,
        "last_delta": count - 1, "base_at": at, "max_at": at, "producer": -1, "epoch": 0, "seq": -1, "count": count,
    }  # fmt: skip
    assert changed.keys() <= fields.keys()
    return sealed(HEADER.pack(*(fields | changed).values()) + held)


def sealed(data: bytes) -> bytes:
    """Return the batch with the checksum that fits."""
    return data[: CHECKED_AT - 4] + struct.pack(">I", google_crc32c.value(data[CHECKED_AT:])) + data[CHECKED_AT:]


def flipped(data: bytes, bit: int) -> bytes:
    """Return the data with one bit flipped."""
    found = bytearray(data)
    found[bit // 8] ^= 1 << bit % 8
    return bytes(found)


def offsets(served: bytes) -> list[tuple[int, int]]:
    """Return the base and number of records of each batch in what a fetch gave; assert that each checksum is right."""
    found, at = [], 0
    while at < len(served):
        base, length, *_, count = HEADER.unpack_from(served, at)
        whole = served[at : at + 12 + length]
        assert whole == sealed(whole)
        found.append((base, count))
        at += len(whole)
    return found
