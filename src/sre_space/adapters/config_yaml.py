"""The text of a configuration as plain values with their lines; used by `config_file`, which gives them a meaning.

YAML is read strictly: one document, no tags, no key twice, keys as they are written, and no more values than a
configuration can have, also not through aliases. Every mistake is one sentence with its line.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from sre_space.domain.errors import Malformed

MAX_BYTES = 1_000_000
MAX_VALUES = 20_000
MAX_DEPTH = 20
_VARIABLE = re.compile(r"\$\{(\w+)(?::-((?:[^}$]|\$(?!\{))*))?\}")  # a default holds no variable
_VARIABLE_START = re.compile(r"\$\{")
_UNREADABLE = yaml.reader.Reader.NON_PRINTABLE

_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times faster, where PyYAML has it

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


def document(content: bytes, environment: Mapping[str, str], name: str) -> Document:
    """Return the text called `name` parsed, `${NAME:-default}` replaced; raise `Malformed` with line and remedy."""
    try:
        text = _filled(_decoded(content, name), environment, name)
        root = _composed(text, name)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(f"{name}:{mark.line + 1 if mark else 1}: {_problem(error)}") from error
    except yaml.YAMLError as error:
        raise Malformed(f"{name}: this is not YAML: {str(error).replace(chr(10), ' ')}") from error
    if not isinstance(root, yaml.MappingNode):
        held = "nothing" if root is None else "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise Malformed(f"{name}:1: this holds {held}; a configuration begins with `space:`, see sre-space.yaml")
    lines: dict[Place, int] = {(): _at(root)}
    words: dict[Place, str] = {}
    values = _Reader(name, lines, words).value(root, ())
    return Document(values, lines, words)


def _decoded(content: bytes, name: str) -> str:
    if len(content) > MAX_BYTES:
        raise Malformed(f"{name}: this has more than {MAX_BYTES} bytes; it is not the configuration of a space")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise Malformed(f"{name}:{line}: this is not UTF-8 (byte {byte:#04x}); save it as UTF-8") from error
    if odd := _UNREADABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise Malformed(f"{name}:{line}: this holds the control character {ord(odd[0]):#04x}; delete it")
    return text


def _filled(text: str, environment: Mapping[str, str], name: str) -> str:
    """Return the text with variables replaced line by line, so that line numbers stay; comments are left alone."""
    lines = text.split("\n")
    return "\n".join(
        line if line.lstrip().startswith("#") else _line(line, environment, f"{name}:{number}")
        for number, line in enumerate(lines, 1)
    )


def _line(line: str, environment: Mapping[str, str], where: str) -> str:
    def value(match: re.Match[str]) -> str:
        text = environment.get(match[1]) or match[2]
        if text is None:
            raise Malformed(f"{where}: ${{{match[1]}}} is not set here; set it, or write ${{{match[1]}:-a default}}")
        if len(f"{text}.".splitlines()) > 1 or _UNREADABLE.search(text):
            raise Malformed(
                f"{where}: {match[1]} holds a line break or a control character; set it to one line of text"
            )
        return text

    for start in _VARIABLE_START.finditer(line):
        if _VARIABLE.match(line, start.start()) is None:
            rest = line[start.start() :].strip()[:40]
            raise Malformed(f"{where}: {rest!r} is not a variable; write ${{NAME}} or ${{NAME:-default}}")
    return _VARIABLE.sub(value, line)


def _composed(text: str, name: str) -> yaml.Node | None:
    """Return the root node; a mistake is worded by PyYAML's own parser, so that it reads the same everywhere."""
    try:
        _bounded(text, name, _FAST)
        return yaml.compose(text, Loader=_FAST)
    except yaml.YAMLError:
        _bounded(text, name, yaml.SafeLoader)
        return yaml.compose(text, Loader=yaml.SafeLoader)


def _bounded(text: str, name: str, loader: Any) -> None:  # noqa: ANN401 - a class of PyYAML, of one of two parsers
    """Raise `Malformed` for deep nesting, tags and a second document, before any value is built."""
    depth, documents = 0, 0
    for event in yaml.parse(text, Loader=loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH:
            raise Malformed(f"{name}:{line}: this is nested more than {MAX_DEPTH} deep")
        if documents > 1:
            raise Malformed(f"{name}:{line}: a second document begins here; keep one, and delete the line `---`")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise Malformed(f"{name}:{line}: the tag {tag} is not read here; delete it")


class _Reader:
    """A converter of YAML nodes to values that records the line and the spelling of each place."""

    def __init__(self, name: str, lines: dict[Place, int], words: dict[Place, str]) -> None:
        self.name, self.lines, self.words = name, lines, words
        self.open: list[int] = []
        self.loader = yaml.SafeLoader("")

    def value(self, node: yaml.Node, place: Place) -> Any:  # noqa: ANN401 - what YAML can say
        if len(self.lines) > MAX_VALUES:
            raise Malformed(f"{self.name}:{_at(node)}: its aliases stand for more than {MAX_VALUES} values; write less")
        if isinstance(node, yaml.ScalarNode):
            self.words[place] = node.value
            return self._scalar(node)
        if id(node) in self.open:
            raise Malformed(f"{self.name}:{_at(node)}: this contains itself by an alias; write it out")
        self.open.append(id(node))
        value = self._mapping(node, place) if isinstance(node, yaml.MappingNode) else self._sequence(node, place)
        self.open.pop()
        return value

    def _sequence(self, node: yaml.Node, place: Place) -> list[Any]:
        values = []
        for number, item in enumerate(node.value):
            self.lines[*place, str(number)] = _at(item)
            values.append(self.value(item, (*place, str(number))))
        return values

    def _mapping(self, node: yaml.MappingNode, place: Place) -> dict[str, Any]:
        values: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key, item in self._pairs(node):
            if key.value in lines:
                problem = f"{key.value!r} is here twice, first in line {lines[key.value]}; keep one"
                raise Malformed(f"{self.name}:{_at(key)}: {problem}")
            lines[key.value] = self.lines[*place, key.value] = _at(key)
            values[key.value] = self.value(item, (*place, key.value))
        return values

    def _pairs(self, node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
        for key, item in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise Malformed(f"{self.name}:{_at(key)}: a key is a single word; put quotes around it")
            if key.value == "<<" and not key.style:
                raise Malformed(f"{self.name}:{_at(key)}: `<<` is not read here; write the keys out")
            yield key, item

    def _scalar(self, node: yaml.ScalarNode) -> Any:  # noqa: ANN401 - what YAML can say
        """Return a text, number, boolean or date, as YAML 1.1 reads it; raise `Malformed` when it reads none."""
        try:
            return self.loader.construct_object(node)
        except (ValueError, OverflowError, yaml.YAMLError) as error:
            raise Malformed(
                f"{self.name}:{_at(node)}: {node.value[:40]!r} is not a value; put quotes around it"
            ) from error


def _at(node: yaml.Node) -> int:
    return node.start_mark.line + 1 if node.start_mark else 1


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's error as a sentence, with the remedy for common mistakes."""
    problem = str(error.problem or error.context or error)
    if "'\\t'" in problem:
        return "a tab; indent with spaces"
    if "undefined alias" in problem or "duplicate anchor" in problem:
        return problem
    context = f" {error.context}" if error.context else ""
    return f"this is not YAML: {problem}{context}; look at indentation, colons and quotes here and in the line before"
