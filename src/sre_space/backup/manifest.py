"""The last file of a back-up: which files it holds, with their digests. A back-up without it was cut off."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sre_space.domain.errors import Malformed

NAME = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Entry:
    """A file of a back-up: its size in bytes, its SHA-256 and its permissions."""

    size: int
    sha256: str
    mode: int


@dataclass(frozen=True)
class Manifest:
    """What a back-up holds: `files` by path; `made` is when it was begun (Unix ns), `version` by which release."""

    made: int
    version: str
    files: Mapping[str, Entry]

    @property
    def size(self) -> int:
        """Return the size of all files together, in bytes."""
        return sum(entry.size for entry in self.files.values())

    @property
    def encoded(self) -> bytes:
        """Return the manifest as it is written."""
        files = {name: asdict(entry) for name, entry in self.files.items()}
        document = {"format": FORMAT, "made": self.made, "version": self.version, "files": files}
        return json.dumps(document, indent=1).encode()


def manifest_of(content: bytes) -> Manifest:
    """Return the manifest in the bytes of its file; raise `Malformed` for another format or for none."""
    try:
        document = json.loads(content)
        made, version, number = int(document["made"]), str(document["version"]), int(document["format"])
        files = {
            str(name): Entry(int(entry["size"]), str(entry["sha256"]), int(entry["mode"]))
            for name, entry in document["files"].items()
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError) as error:
        raise Malformed(f"its {NAME} is not valid: {error!r}") from error
    if number != FORMAT:
        raise Malformed(f"it has format {number}, which sre-space {version} wrote; restore it with that release")
    return Manifest(made, version, files)
