"""Varints and length-prefixed texts, as in protobuf; used by `sketches.py` for the frames of sketches."""

from dataclasses import dataclass

from sre_space.domain.errors import Malformed

MAX_VARINT = 10  # bytes; 64 bits, as in protobuf


@dataclass
class VarintReader:
    """A reader of `body` from position `at` on; raises `Malformed` when the body ends too early."""

    body: bytes
    at: int

    @property
    def ended(self) -> bool:
        """Return True when the whole body has been read."""
        return self.at == len(self.body)

    def varint(self) -> int:
        """Read and return a number; raise `Malformed` when it is longer than `MAX_VARINT` bytes."""
        value = 0
        for shift in range(0, 7 * MAX_VARINT, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("a number of a frame of sketches does not end")

    def take(self, length: int) -> bytes:
        """Read and return `length` bytes."""
        taken = self.body[self.at : self.at + length]
        if len(taken) < length:
            raise Malformed("a frame of sketches ends too early")
        self.at += length
        return taken

    def text(self) -> str:
        """Read and return a text with its length before it; raise `Malformed` when it is not UTF-8."""
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"a name in a frame of sketches is not UTF-8: {error}") from error


def put(out: bytearray, *numbers: int) -> None:
    """Append the numbers (0 or more) as varints."""
    for number in numbers:
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)


def put_text(out: bytearray, *texts: str) -> None:
    """Append the texts as UTF-8, each with its length before it."""
    for text in texts:
        body = text.encode(errors="replace")
        put(out, len(body))
        out += body
