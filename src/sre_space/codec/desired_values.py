"""Values of desired state read and edited in either format; used by Brain, Fixer and the deployer.

`formats` are the formats of files by path; a file that is not in it has a `KEY=value` a line.
"""

from collections.abc import Mapping, Sequence

from sre_space.codec.yaml_edits import with_value_at
from sre_space.codec.yaml_values import value_at, yaml_file
from sre_space.domain import configuration
from sre_space.domain.configuration import Edit, Format, Place, shown
from sre_space.domain.errors import Conflict, Malformed

Formats = Mapping[str, Format]


def value_of(files: Mapping[str, str], place: Place) -> str | None:
    """Return the value at a place, None where there is none; raise `Malformed` where that is not clear."""
    if place.format is Format.ENV:
        return configuration.value_of(files.get(place.file, ""), place.key)
    return value_at(files[place.file], place.key, place.file) if place.file in files else None


def present_value(files: Mapping[str, str], edit: Edit, formats: Formats) -> str | None:
    """Return the value that the key of an edit has now."""
    return value_of(files, Place(edit.file, edit.key, formats.get(edit.file, Format.ENV)))


def applied(files: Mapping[str, str], edits: Sequence[Edit], formats: Formats) -> Mapping[str, str]:
    """Return the changed files with their new text.

    Raise `Conflict` when a key has not the `old` value of its edit, and `Malformed` when it cannot be changed alone.
    """
    changed: dict[str, str] = {}
    for edit in edits:
        texts = {**files, **changed}
        present = present_value(texts, edit, formats)
        if present != edit.old:
            raise Conflict(f"{edit.place} is {shown(present)}, not {shown(edit.old)}")
        text = texts.get(edit.file, "")
        if formats.get(edit.file) is Format.YAML:
            changed[edit.file] = with_value_at(text, edit.key, edit.new, edit.file)
        else:
            changed[edit.file] = configuration.with_value(text, edit.key, edit.new)
    return changed


def already_applied(files: Mapping[str, str], edits: Sequence[Edit], formats: Formats) -> bool:
    """Return True when every key already has the `new` value of its edit."""
    return all(present_value(files, edit, formats) == edit.new for edit in edits)


def edits_between(before: Mapping[str, str], after: Mapping[str, str], formats: Formats) -> tuple[Edit, ...]:
    """Return an edit for each key that differs, by file and in the order of their keys; comments do not count.

    Raise `Malformed` where more differs than values of keys: a list is longer, or a YAML file is new.
    """
    edits = []
    for file in sorted(before.keys() | after.keys()):
        if formats.get(file) is Format.YAML:
            old, new = _yaml_values(before, after, file)
        else:
            old, new = (configuration.values_of(files.get(file, "")) for files in (before, after))
        keys = dict.fromkeys([*old, *new])
        edits += [Edit(file, key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    return tuple(edits)


def _yaml_values(
    before: Mapping[str, str], after: Mapping[str, str], file: str
) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the values of a YAML file before and after; raise `Malformed` where its mappings or lists differ."""
    if before.get(file) == after.get(file):
        return {}, {}
    if file not in before or file not in after:
        raise Malformed(f"{file} is there only before or only after it")
    old, new = yaml_file(before[file], file), yaml_file(after[file], file)
    if old.shape != new.shape:
        paths = sorted(old.shape.keys() | new.shape.keys())
        differing = next(path for path in paths if old.shape.get(path) != new.shape.get(path))
        raise Malformed(f"{file}: {differing} is there only before or after it, or has another length")
    return old.values, new.values
