"""Files of desired state, `KEY=value` a line, edited one key at a time. Used by Brain (what to change) and Fixer.

Comments and the order of lines are preserved, and the same edits of the same text always give the same bytes, so that
a pull request can be compared with the decision byte by byte.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.domain.errors import Conflict, Malformed

FOLDER = "deploy/config"
SPACE_NAME = "space.env"  # beside the services' own files
SPACE_FILE = f"{FOLDER}/{SPACE_NAME}"


@dataclass(frozen=True)
class Place:
    """Where a value of desired state lies: a file (a path in the repository) and its key there."""

    file: str
    key: str

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
        return f"{self.key} {_shown(self.old)} -> {_shown(self.new)}"


def value_of(text: str, key: str) -> str | None:
    """Return a key's value, None when the text does not set it; raise `Malformed` when it is set twice."""
    values = [line.strip().partition("=")[2] for line in text.splitlines() if _key(line) == key]
    if len(values) > 1:
        raise Malformed(f"{key} is set {len(values)} times")
    return values[0] if values else None


def applied(files: Mapping[str, str], edits: Sequence[Edit]) -> Mapping[str, str]:
    """Return the changed files with their new text; raise `Conflict` when a key has not the `old` value of its edit."""
    changed: dict[str, str] = {}
    for edit in edits:
        text = changed.get(edit.file, files.get(edit.file, ""))
        present = value_of(text, edit.key)
        if present != edit.old:
            raise Conflict(f"{edit.place} is {_shown(present)}, not {_shown(edit.old)}")
        changed[edit.file] = _with(text, edit.key, edit.new)
    return changed


def already_applied(files: Mapping[str, str], edits: Sequence[Edit]) -> bool:
    """Return True when every key already has the `new` value of its edit."""
    return all(value_of(files.get(edit.file, ""), edit.key) == edit.new for edit in edits)


def edits_between(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Edit, ...]:
    """Return an edit for each key that differs, by file and in the order of their keys; comments do not count."""
    edits = []
    for file in sorted(before.keys() | after.keys()):
        old, new = _values(before.get(file, "")), _values(after.get(file, ""))
        keys = dict.fromkeys([*old, *new])
        edits += [Edit(file, key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    return tuple(edits)


def _values(text: str) -> dict[str, str]:
    """Return each key with its value, in the order of the text; raise `Malformed` when a key is set twice."""
    values: dict[str, str] = {}
    for line in text.splitlines():
        if key := _key(line):
            if key in values:
                raise Malformed(f"{key} is set more than once")
            values[key] = line.strip().partition("=")[2]
    return values


def _with(text: str, key: str, value: str | None) -> str:
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


def _shown(value: str | None) -> str:
    return "(not set)" if value is None else value or '""'
