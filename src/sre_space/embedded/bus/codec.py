"""The Kafka wire format's primitive types (Kafka protocol guide); used by every other module of the bus."""

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


class ProtocolError(Exception):
    """A request that does not parse; the connection it came on is closed."""


class WireReader:
    """Reads primitives off a request; every shortage is a `ProtocolError`. `client` is who asks, from its header."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0
        self.client = ""

    def _take(self, size: int) -> bytes:
        if size < 0 or self._at + size > len(self._data):
            raise ProtocolError(f"{size} bytes wanted at {self._at}, {len(self._data)} there")
        self._at += size
        return self._data[self._at - size : self._at]

    def _number(self, layout: str) -> int:
        return int(struct.unpack(layout, self._take(struct.calcsize(layout)))[0])

    def int8(self) -> int:
        """One byte, signed."""
        return self._number(">b")

    def int16(self) -> int:
        """Two bytes."""
        return self._number(">h")

    def int32(self) -> int:
        """Four bytes."""
        return self._number(">i")

    def int64(self) -> int:
        """Eight bytes."""
        return self._number(">q")

    def text(self) -> str:
        """A string; a null one is empty."""
        size = self.int16()
        try:
            return self._take(size).decode() if size >= 0 else ""
        except UnicodeDecodeError as error:
            raise ProtocolError("a string is not UTF-8") from error

    def data(self) -> bytes:
        """Bytes; null ones are empty."""
        size = self.int32()
        return self._take(size) if size >= 0 else b""

    def array(self, item: Callable[[], T]) -> list[T]:
        """Items one after another; null is empty. Each item has a byte at least, so a huge count is an error."""
        count = self.int32()
        if count > len(self._data) - self._at:
            raise ProtocolError(f"an array of {count} items does not fit into the request")
        return [item() for _ in range(max(0, count))]

    def each_partition(self, answer: Callable[[str], bytes]) -> bytes:
        """Topics with their partitions, as most calls list them; `answer(topic)` reads and answers one partition."""

        def topic() -> bytes:
            name = self.text()
            return text(name) + array(self.array(lambda: answer(name)))

        return array(self.array(topic))


# Big-endian signed integers of 1, 2, 4 and 8 bytes.
int8, int16, int32, int64 = (struct.Struct(layout).pack for layout in (">b", ">h", ">i", ">q"))


def text(value: str | None) -> bytes:
    """A nullable string."""
    if value is None:
        return int16(-1)
    encoded = value.encode()
    return int16(len(encoded)) + encoded


def data(value: bytes) -> bytes:
    """Bytes with their length."""
    return int32(len(value)) + value


def array(items: Iterable[bytes]) -> bytes:
    """A counted array of encoded items."""
    parts = list(items)
    return int32(len(parts)) + b"".join(parts)
