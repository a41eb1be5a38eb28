"""The text of a configuration as plain values with their lines; whoever reads the file gives them a meaning.

YAML is read strictly: one document, no tags, no key twice, keys as they are written, and no more values than a
configuration can have, also not through aliases. Every mistake is one sentence with its line.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sre_space.codec.strict_yaml import UNREADABLE, composed, decoded, line_of
from sre_space.domain.errors import Malformed

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
_VARIABLE = re.compile(r"\$\{(\w+)(?::-((?:[^}$]|\$(?!\{))*))?\}")  # a default holds no variable
_VARIABLE_START = re.compile(r"\$\{")

Place = tuple[str, ...]  # the keys, and the positions in lists, that lead to a value


@dataclass(frozen=True)
class Document:
    """A parsed YAML text: its `values`, and for each place its line (`lines`) and its spelling (`words`)."""

    values: Any
    lines: Mapping[Place, int]
    words: Mapping[Place, str]

    def line(self, place: Place) -> int:
        """Return the line number of a place, or of the nearest enclosing place that has one."""
        return next(self.lines[place[:n]] for n in range(len(place), -1, -1) if place[:n] in self.lines)


def document(
    content: bytes, environment: Mapping[str, str], name: str, first: str = "space", unset: str | None = None
) -> Document:
    """Return the text called `name` parsed, `${NAME:-default}` replaced; raise `Malformed` with line and remedy.

    `first` is the key with which such a file begins. `unset` stands for a variable that has neither value nor default;
    with None that is a mistake.
    """
    text = decoded(content, name, MAX_BYTES, "a configuration")
    root = composed(_filled(text, environment, name, unset), name, fast=True)
    if not isinstance(root, yaml.MappingNode):
        held = "nothing" if root is None else "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise Malformed(f"{name}:1: this holds {held}; it begins with `{first}:`")
    lines: dict[Place, int] = {(): line_of(root)}
    words: dict[Place, str] = {}
    values = _Reader(name, lines, words).value(root, ())
    return Document(values, lines, words)


def _filled(text: str, environment: Mapping[str, str], name: str, unset: str | None) -> str:
    """Return the text with variables replaced line by line, so that line numbers stay; comments are left alone."""
    lines = text.split("\n")
    return "\n".join(
        line if line.lstrip().startswith("#") else _line(line, environment, f"{name}:{number}", unset)
        for number, line in enumerate(lines, 1)
    )


def _line(line: str, environment: Mapping[str, str], where: str, unset: str | None) -> str:
    def value(match: re.Match[str]) -> str:
        text = environment.get(match[1]) or (unset if match[2] is None else match[2])
        if text is None:
            raise Malformed(f"{where}: ${{{match[1]}}} is not set here; set it, or write ${{{match[1]}:-a default}}")
        if len(f"{text}.".splitlines()) > 1 or UNREADABLE.search(text):
            raise Malformed(
                f"{where}: {match[1]} holds a line break or a control character; set it to one line of text"
            )
        return text

    for start in _VARIABLE_START.finditer(line):
        if _VARIABLE.match(line, start.start()) is None:
            rest = line[start.start() :].strip()[:40]
            raise Malformed(f"{where}: {rest!r} is not a variable; write ${{NAME}} or ${{NAME:-default}}")
    return _VARIABLE.sub(value, line)


class _Reader:
    """A converter of YAML nodes to values that records the line and the spelling of each place."""

    def __init__(self, name: str, lines: dict[Place, int], words: dict[Place, str]) -> None:
        self.name, self.lines, self.words = name, lines, words
        self.open: list[int] = []
        self.loader = yaml.SafeLoader("")

    def value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - what YAML can say
        if len(self.lines) > MAX_VALUES:
            raise Malformed(
                f"{self.name}:{line_of(node)}: its aliases stand for more than {MAX_VALUES} values; write less"
            )
        if isinstance(node, yaml.ScalarNode):
            self.words[place] = node.value
            return self._scalar(node)
        if id(node) in self.open:
            raise Malformed(f"{self.name}:{line_of(node)}: this contains itself by an alias; write it out")
        self.open.append(id(node))
        value = self._mapping(node, place) if isinstance(node, yaml.MappingNode) else self._sequence(node, place)
        self.open.pop()
        return value

    def _sequence(self, node: yaml.Node, place: Place) -> list[Any]:
        values = []
        for number, item in enumerate(node.value):
            self.lines[*place, str(number)] = line_of(item)
            values.append(self.value(item, (*place, str(number))))
        return values

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, item in self._pairs(node):
            if key.value in lines:
                problem = f"{key.value!r} is here twice, first in line {lines[key.value]}; keep one"
                raise Malformed(f"{self.name}:{line_of(key)}: {problem}")
            lines[key.value] = self.lines[*place, key.value] = line_of(key)
            values[key.value] = self.value(item, (*place, key.value))
        return values

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Malformed(f"{self.name}:{line_of(key)}: a key is a single word; put quotes around it")
            if key.value == "<<" and not key.style:
                raise Malformed(f"{self.name}:{line_of(key)}: `<<` is not read here; write the keys out")
            yield key, item

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - what YAML can say
        """Return a text, number, boolean or date, as YAML 1.1 reads it; raise `Malformed` when it reads none."""
        try:
            return self.loader.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError) as error:
            raise Malformed(
                f"{self.name}:{line_of(node)}: {node.value[:40]!r} is not a value; put quotes around it"
            ) from error
