"""The primitive types of the Kafka wire format (Kafka protocol guide); used by every other module of the bus."""

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


class ProtocolError(Exception):
    """A request that does not parse; its connection is closed."""


class WireReader:
    """Reads primitives off a request; missing bytes raise `ProtocolError`. `client` is the client id of the header."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self.client = ""

    def _take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise ProtocolError(f"{size} bytes are expected at {self._at}, the request has {len(self._data)}")
        self._at += size
        return self._data[self._at - size : self._at]

    def _number(self, layout: str) -> int:
        return int(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])

    def int8(self) -> int:
        """Read a signed integer of one byte."""
        return self._number(">b")

    def int16(self) -> int:
        """Read a signed integer of two bytes."""
        return self._number(">h")

    def int32(self) -> int:
        """Read a signed integer of four bytes."""
        return self._number(">i")

    def int64(self) -> int:
        """Read a signed integer of eight bytes."""
        return self._number(">q")

    def text(self) -> str:
        """Read a string; null is read as an empty one. `ProtocolError` when it is not UTF-8."""
        size = self.int16()
        try:
            return self._take(size).decode() if size >= 0 else ""
        except UnicodeDecodeError as error:
            raise ProtocolError("a string is not UTF-8") from error

    def data(self) -> bytes:
        """Read bytes with their length in front; null is read as empty."""
        size = self.int32()
        return self._take(size) if size >= 0 else b""

    def array(self, item: Callable[[], T]) -> list[T]:
        """Read a counted array with `item`, which reads one item; null is read as empty.

        Each item has at least one byte, so a count that exceeds the rest of the request is a `ProtocolError`.
        """
        count = self.int32()
        if count > len(self._data) - self._at:
            raise ProtocolError(f"an array of {count} items does not fit into the request")
        return [item() for _ in range(max(0, count))]

    def each_partition(self, answer: Callable[[str], bytes]) -> bytes:
        """Decode topics with their partitions, as most Kafka requests list them, and return the encoded response.

        `answer(topic)` decodes one partition of the request and returns its part of the response.
        """

        def topic() -> bytes:
            name = self.text()
            return text(name) + array(self.array(lambda: answer(name)))

        return array(self.array(topic))


# Big-endian signed integers of 1, 2, 4 and 8 bytes.
int8, int16, int32, int64 = (struct.Struct(layout).pack for layout in (">b", ">h", ">i", ">q"))


def text(value: str | None) -> bytes:
    """Encode a nullable string."""
    if value is None:
        return int16(-1)
    encoded = value.encode()
    return int16(len(encoded)) + encoded


def data(value: bytes) -> bytes:
    """Encode bytes with their length in front."""
    return int32(len(value)) + value


def array(items: Iterable[bytes]) -> bytes:
    """Encode a counted array of encoded items."""
    parts = list(items)
    return int32(len(parts)) + b"".join(parts)
