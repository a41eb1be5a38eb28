"""Places in files of desired state, and typed edits of them; used by Brain (what to change) and Fixer.

A file has either a `KEY=value` a line, which is read and edited here, or is YAML (`codec/yaml_values.py`). In both,
comments and order are preserved, and the same edits of the same text always give the same bytes, so that a pull request
can be compared with the decision byte by byte.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from sre_space.domain.errors import Malformed

FOLDER = "deploy/config"
SPACE_NAME = "space.env"  # beside the services' own files
SPACE_FILE = f"{FOLDER}/{SPACE_NAME}"


class Format(StrEnum):
    """The format of a file of desired state."""

    ENV = "env"
    YAML = "yaml"


@dataclass(frozen=True)
class Place:
    """Where a value of desired state lies: a file (a path in the repository), its key there, and the file's format.

    The key of a YAML value is its path, as in `services.shop.env.POOL_SIZE`. The key "" stands for the whole file.
    """

    file: str
    key: str
    format: Format = Format.ENV

    def contains(self, file: str, key: str) -> bool:
        """Return whether a key of a file is this place or lies in it: below its path, or anywhere in a whole file."""
        inside = not self.key or key == self.key or key.startswith((f"{self.key}.", f"{self.key}["))
        return file == self.file and inside

    def __str__(self) -> str:
        """Return file and key, as in `deploy/config/shop.env:POOL_SIZE`."""
        return f"{self.file}:{self.key}"


@dataclass(frozen=True)
class Edit:
    """A change of one key of one file (a path in the repository); a value of None means that the key is not set."""

    file: str
    key: str
    old: str | None
    new: str | None

    @property
    def inverse(self) -> "Edit":
        """Return the edit that undoes this one."""
        return replace(self, old=self.new, new=self.old)

    @property
    def place(self) -> str:
        """Return file and key, as in `deploy/config/shop.env:POOL_SIZE`."""
        return f"{self.file}:{self.key}"

    def __str__(self) -> str:
        """Return key, old and new value as text for people."""
        return f"{self.key} {shown(self.old)} -> {shown(self.new)}"


def value_of(text: str, key: str) -> str | None:
    """Return a key's value, None when the text does not set it; raise `Malformed` when it is set twice."""
    values = [line.strip().partition("=")[2] for line in text.splitlines() if _key(line) == key]
    if len(values) > 1:
        raise Malformed(f"{key} is set {len(values)} times")
    return values[0] if values else None


def values_of(text: str) -> dict[str, str]:
    """Return each key with its value, in the order of the text; raise `Malformed` when a key is set twice."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if key := _key(line):
            if key in values:
                raise Malformed(f"{key} is set more than once")
            values[key] = line.strip().partition("=")[2]
    return values


def with_value(text: str, key: str, value: str | None) -> str:
    """Return the text with one key set, in its own line or else in a new last line; None removes the key's line."""
    line = "" if value is None else f"{key}={value}\n"
    lines = text.splitlines(keepends=True)
    for number, present in enumerate(lines):
        if _key(present) == key:
            return "".join([*lines[:number], line, *lines[number + 1 :]])
    return text + ("" if not text or text.endswith("\n") else "\n") + line


def _key(line: str) -> str:
    """Return the key that a line sets, "" for a comment or an empty line."""
    name, equals, _ = line.strip().partition("=")
    return name if equals and not name.startswith("#") else ""


def shown(value: str | None) -> str:
    """Return a value as text for people."""
    return "(not set)" if value is None else value or '""'
