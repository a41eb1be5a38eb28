"""Files of desired state, `KEY=value` a line, edited one key at a time. Used by Brain (what to change) and Fixer.

Comments and the order of lines stay as they are; whoever applies edits to the same text gets the same bytes, so what a
pull request holds can be compared with what was decided.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from sre_space.domain.errors import Conflict, Malformed

FOLDER = "deploy/config"
SPACE_NAME = "space.env"  # beside the services' own files
SPACE_FILE = f"{FOLDER}/{SPACE_NAME}"


@dataclass(frozen=True)
class Edit:
    """One key of one file (a path in the repository); None: the key is not in the file."""

    file: str
    key: str
    old: str | None
    new: str | None

    @property
    def inverse(self) -> "Edit":
        """The way back."""
        return replace(self, old=self.new, new=self.old)

    @property
    def place(self) -> str:
        """`deploy/config/quote-service.env:DOWNSTREAM_ATTEMPTS`."""
        return f"{self.file}:{self.key}"

    def __str__(self) -> str:
        """For people."""
        return f"{self.key} {_told(self.old)} -> {_told(self.new)}"


def owner(place: str, services: Collection[str]) -> str:
    """Whose configuration a place is: of the service's own file, or of a key of space.env with its name; "" of none."""
    file, _, key = place.partition(":")
    if file == SPACE_FILE:
        named = [name for name in services if key.startswith(f"{name.upper().replace('-', '_')}_")]
        return max(named, key=len, default="")
    return next((name for name in services if file == f"{FOLDER}/{name}.env"), "")


def value_of(text: str, key: str) -> str | None:
    """A key's value, None when the file does not have it; `Malformed` when it is there twice."""
    values = [line.strip().partition("=")[2] for line in text.splitlines() if _key(line) == key]
    if len(values) > 1:
        raise Malformed(f"{key} is set {len(values)} times")
    return values[0] if values else None


def applied(files: Mapping[str, str], edits: Sequence[Edit]) -> Mapping[str, str]:
    """The files that the edits change, as they are afterwards; `Conflict` when a key is not as an edit expects it."""
    changed: dict[str, str] = {}
    for edit in edits:
        text = changed.get(edit.file, files.get(edit.file, ""))
        present = value_of(text, edit.key)
        if present != edit.old:
            raise Conflict(f"{edit.place} is {_told(present)}, not {_told(edit.old)}")
        changed[edit.file] = _with(text, edit.key, edit.new)
    return changed


def made(files: Mapping[str, str], edits: Sequence[Edit]) -> bool:
    """True when every edit has its effect already."""
    return all(value_of(files.get(edit.file, ""), edit.key) == edit.new for edit in edits)


def edits_between(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Edit, ...]:
    """The keys that differ, by file and in the order of the files; comments do not count."""
    edits = []
    for file in sorted(before.keys() | after.keys()):
        old, new = _values(before.get(file, "")), _values(after.get(file, ""))
        keys = dict.fromkeys([*old, *new])
        edits += [Edit(file, key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    return tuple(edits)


def _values(text: str) -> dict[str, str]:
    """Every key with its value, in the order of the file; `Malformed` when one is there twice."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if key := _key(line):
            if key in found:
                raise Malformed(f"{key} is set more than once")
            found[key] = line.strip().partition("=")[2]
    return found


def _with(text: str, key: str, value: str | None) -> str:
    """The text with one key set: in its line, else in a new last line; None takes its line away."""
    line = "" if value is None else f"{key}={value}\n"
    lines = text.splitlines(keepends=True)
    for number, present in enumerate(lines):
        if _key(present) == key:
            return "".join([*lines[:number], line, *lines[number + 1 :]])
    return text + ("" if not text or text.endswith("\n") else "\n") + line


def _key(line: str) -> str:
    """The key that a line sets, "" for a comment or an empty line."""
    name, equals, _ = line.strip().partition("=")
    return name if equals and not name.startswith("#") else ""


def _told(value: str | None) -> str:
    return "(not set)" if value is None else value or '""'
