"""Whether the objects of a Git repository are intact; checked before libgit2, which hangs on a truncated object."""

import hashlib
import zlib
from pathlib import Path

from sre_space.domain.errors import Malformed

HASH_BYTES = 20


def refuse_damaged(path: Path) -> None:
    """Raise `Malformed` for the first damaged object of the bare repository at `path`."""
    objects = path / "objects"
    for file in sorted(objects.glob("[0-9a-f][0-9a-f]/*")):
        if not _is_whole_object(file):
            raise _damaged(path, file)
    for file in sorted((objects / "pack").glob("*.pack")) + sorted((objects / "pack").glob("*.idx")):
        if not _is_whole_pack(file):
            raise _damaged(path, file)


def _damaged(path: Path, file: Path) -> Malformed:
    return Malformed(
        f"{path} is damaged: {file.relative_to(path)} is not an intact object; put an intact copy of the repository in "
        "its place (a backup, or a clone made with `git clone --bare`)"
    )


def _is_whole_object(file: Path) -> bool:
    """Return True when the content of a loose object has the digest that is its name.

    Also True for files with other names: those are still being written.
    """
    name = file.parent.name + file.name
    if len(name) != 2 * HASH_BYTES:
        return True
    try:
        content = zlib.decompress(file.read_bytes())
    except (OSError, zlib.error):
        return False
    return hashlib.sha1(content, usedforsecurity=False).hexdigest() == name


def _is_whole_pack(file: Path) -> bool:
    """Return True when a pack or its index ends with the digest of the content before it."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return hashlib.sha1(content[:-HASH_BYTES], usedforsecurity=False).digest() == content[-HASH_BYTES:]
