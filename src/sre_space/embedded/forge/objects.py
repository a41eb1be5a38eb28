"""Whether the objects of a Git repository are whole: asked before libgit2, which never returns from one cut short."""

import hashlib
import zlib
from pathlib import Path

from sre_space.domain.errors import Malformed

HASH_BYTES = 20


def refuse_damaged(path: Path) -> None:
    """`Malformed` names the first object of the bare repository at `path` that is not what its name says."""
    objects = path / "objects"
    for file in sorted(objects.glob("[0-9a-f][0-9a-f]/*")):
        if not _is_whole_object(file):
            raise _damaged(path, file)
    for file in sorted((objects / "pack").glob("*.pack")) + sorted((objects / "pack").glob("*.idx")):
        if not _is_whole_pack(file):
            raise _damaged(path, file)


def _damaged(path: Path, file: Path) -> Malformed:
    return Malformed(
        f"{path} is damaged: {file.relative_to(path)} is no whole object; put a good copy of the repository in its "
        "place (a backup, or a clone made with `git clone --bare`)"
    )


def _is_whole_object(file: Path) -> bool:
    """A loose object is deflated, and named by its digest; what is being written has another kind of name."""
    name = file.parent.name + file.name
    if len(name) != 2 * HASH_BYTES:
        return True
    try:
        content = zlib.decompress(file.read_bytes())
    except (OSError, zlib.error):
        return False
    return hashlib.sha1(content, usedforsecurity=False).hexdigest() == name


def _is_whole_pack(file: Path) -> bool:
    """A pack and its index end with the digest of what is before."""
    try:
        content = file.read_bytes()
    except OSError:
        return False
    return hashlib.sha1(content[:-HASH_BYTES], usedforsecurity=False).digest() == content[-HASH_BYTES:]
