"""Numbers and texts as protobuf writes them, for the frames of sketches: used by `sketches.py`."""

from dataclasses import dataclass

from sre_space.domain.errors import Malformed

MAX_VARINT = 10  # bytes; 64 bits, as in protobuf


@dataclass
class VarintReader:
    """Reads a body from `at` on; `Malformed` when it ends too early."""

    body: bytes
    at: int

    @property
    def ended(self) -> bool:
        """True when nothing is left."""
        return self.at == len(self.body)

    def varint(self) -> int:
        """A number."""
        value = 0
        for shift in range(0, 7 * MAX_VARINT, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("a number of a frame of sketches does not end")

    def take(self, length: int) -> bytes:
        """So many bytes."""
        taken = self.body[self.at : self.at + length]
        if len(taken) < length:
            raise Malformed("a frame of sketches ends too early")
        self.at += length
        return taken

    def text(self) -> str:
        """A text behind its length."""
        try:
            return self.take(self.varint()).decode()
        except UnicodeDecodeError as error:
            raise Malformed(f"a name in a frame of sketches is no text: {error}") from error


def put(out: bytearray, *numbers: int) -> None:
    """Append numbers."""
    for number in numbers:
        rest = number
        while rest > 0x7F:
            out.append(rest & 0x7F | 0x80)
            rest >>= 7
        out.append(rest)


def put_text(out: bytearray, *texts: str) -> None:
    """Append texts, each behind its length."""
    for text in texts:
        body = text.encode(errors="replace")
        put(out, len(body))
        out += body
