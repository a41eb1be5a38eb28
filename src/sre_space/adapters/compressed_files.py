"""Files as bytes, uncompressed: gzip, zstd, bzip2 and xz are told by how a file begins, not by its name.

zstd is read by `compression.zstd`, of Python 3.14, or `backports.zstd`, the same for older ones.
"""

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CUT_SHORT = (OSError, EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError)  # of a file that ends early or is invalid
__all__ = ["CUT_SHORT", "ENDINGS", "opened", "plain_name", "zstd"]

ENDINGS = (".gz", ".gzip", ".zst", ".zstd", ".bz2", ".xz")
_ZSTD = b"\x28\xb5\x2f\xfd"
_LENGTH = 4  # bytes of the number before each piece that the Collector's file exporter compresses


def plain_name(path: Path) -> str:
    """Return the file's name in lower case, without the ending of its compression."""
    name = path.name.lower()
    ending = next((ending for ending in ENDINGS if name.endswith(ending)), "")
    return name.removesuffix(ending)


@contextmanager
def opened(path: Path) -> Iterator[Iterable[bytes]]:
    """Give the lines of a file, uncompressed; raise one of CUT_SHORT where it ends early."""
    with path.open("rb") as file:
        head = file.peek(8)[:8]
        if head.startswith(b"\x1f\x8b"):
            yield gzip.GzipFile(fileobj=file)
        elif head.startswith(_ZSTD):
            yield zstd.ZstdFile(file)
        elif head.startswith(b"BZh"):
            yield bz2.BZ2File(file)
        elif head.startswith(b"\xfd7zXZ\x00"):
            yield lzma.LZMAFile(file)  # noqa: SIM115 - same
        elif head[_LENGTH:].startswith(_ZSTD):
            yield _pieces(file)
        else:
            yield file


def _pieces(file: BufferedReader) -> Iterator[bytes]:
    """Yield the pieces that the Collector's `compression: zstd` writes: each behind its length, compressed alone."""
    while length := file.read(_LENGTH):
        piece = file.read(int.from_bytes(length, "big"))
        yield zstd.decompress(piece)
