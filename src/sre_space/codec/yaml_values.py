r"""The values of a YAML file of desired state by their paths, as `services.shop.env.POOL_SIZE`.

A path joins the keys of mappings by dots, as `helm --set` and yq do; `\` comes before a dot, a bracket or a backslash
that belongs to a key. An item of a list is `[name=web]` where it has a `name` of its own, as in Kustomize, else `[0]`,
counted from 0. So each value has one path. A value is its text, whatever type YAML reads in it; null is no value.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from sre_space.codec.strict_yaml import UNREADABLE, composed, line_of
from sre_space.domain.errors import Malformed

MAX_CHARACTERS = 262_144
MAX_VALUES = 20_000
NULL = "tag:yaml.org,2002:null"
_STEP = r"(?:[^.\[\]\\\s]|\\[.\[\]\\]| )+"
_ITEM = r"\[(?:0|[1-9]\d{0,5}|name=[^\]\\]+)\]"
PATH = re.compile(rf"{_STEP}(?:\.{_STEP}|{_ITEM})*")
_NAME = re.compile(r"[^\]\\]+")


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: each scalar that is no null (`scalars`), and each null and collection (`others`), by path."""

    name: str
    root: yaml.MappingNode
    scalars: dict[str, yaml.ScalarNode] = field(default_factory=dict)
    others: dict[str, yaml.Node] = field(default_factory=dict)

    @property
    def values(self) -> Mapping[str, str]:
        """Return each value by its path, in the order of the file."""
        return {path: str(node.value) for path, node in self.scalars.items()}

    @property
    def shape(self) -> Mapping[str, tuple[str, int]]:
        """Return each collection by its path: its kind and, of a list, its length."""
        return {
            path: (node.tag, len(node.value) if isinstance(node, yaml.SequenceNode) else 0)
            for path, node in self.others.items()
            if isinstance(node, yaml.CollectionNode)
        }

    def node(self, path: str) -> yaml.Node | None:
        """Return what stands at a path, "" for the whole file; None where nothing does."""
        return self.scalars.get(path) or self.others.get(path)


def yaml_file(text: str, name: str) -> YamlFile:
    """Return a text called `name` parsed; raise `Malformed` with line and remedy for what could be read in two ways.

    That is an anchor or alias, a tag, a key twice, a second document, a key that is no word; and what is too large.
    """
    if len(text) > MAX_CHARACTERS:
        raise Malformed(f"{name}: this has more than {MAX_CHARACTERS} characters; it is no file of desired state")
    root = composed(text, name, aliases=False)
    if not isinstance(root, yaml.MappingNode):
        held = "nothing" if root is None else "a list" if isinstance(root, yaml.SequenceNode) else "a single value"
        raise Malformed(f"{name}:1: this holds {held}; desired state begins with a key, such as `services:`")
    file = YamlFile(name, root)
    _collect(file, root, "")
    return file


def value_at(text: str, path: str, name: str = "this file") -> str | None:
    """Return the value at a path, None where there is none; raise `Malformed` where it is a mapping or a list."""
    file = yaml_file(text, name)
    node = file.node(path)
    if isinstance(node, yaml.CollectionNode):
        raise Malformed(f"{name}:{line_of(node)}: {path} is not a single value; name one inside it")
    return file.values.get(path)


def joined(path: str, key: str) -> str:
    r"""Return the path of a key of the mapping at `path`.

    >>> joined("data", "pool.size")
    'data.pool\\.size'
    """
    escaped = re.sub(r"([.\[\]\\])", r"\\\1", key)
    return f"{path}.{escaped}" if path else escaped


def _collect(file: YamlFile, node: yaml.Node, path: str) -> None:
    """Put the node and everything in it into the file."""
    if len(file.scalars) + len(file.others) > MAX_VALUES:
        raise Malformed(f"{file.name}:{line_of(node)}: these are more than {MAX_VALUES} values; write less")
    if isinstance(node, yaml.ScalarNode) and node.tag != NULL:
        if UNREADABLE.search(node.value):
            raise Malformed(f"{file.name}:{line_of(node)}: this value holds a control character; delete it")
        file.scalars[path] = node
        return
    file.others[path] = node
    if isinstance(node, yaml.MappingNode):
        for key, value in _pairs(file, node):
            _collect(file, value, joined(path, key))
    elif isinstance(node, yaml.SequenceNode):
        for step, item in _items(node):
            _collect(file, item, f"{path}{step}")


def _pairs(file: YamlFile, node: yaml.MappingNode) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the keys and values of a mapping; raise `Malformed` for a key twice, and for one that is no word."""
    lines: dict[str, int] = {}
    for key, value in node.value:
        where = f"{file.name}:{line_of(key)}"
        if not isinstance(key, yaml.ScalarNode) or not key.value.strip() or len(f"{key.value}.".splitlines()) > 1:
            raise Malformed(f"{where}: a key is a word on one line; write one")
        if key.value == "<<" and key.style is None:
            raise Malformed(f"{where}: `<<` is not read here; write the keys out")
        if key.value in lines:
            raise Malformed(f"{where}: {key.value!r} is here twice, first in line {lines[key.value]}; keep one")
        lines[key.value] = line_of(key)
        yield key.value, value


def _items(node: yaml.SequenceNode) -> Iterator[tuple[str, yaml.Node]]:
    """Yield the items of a list, each with its step in a path."""
    names = [_item_name(item) for item in node.value]
    counts = Counter(names)
    for place, (item, name) in enumerate(zip(node.value, names, strict=True)):
        yield (f"[name={name}]" if name and counts[name] == 1 else f"[{place}]"), item


def _item_name(item: yaml.Node) -> str:
    """Return the `name` of an item that is a mapping; "" where it has none that can stand in a path."""
    pairs = item.value if isinstance(item, yaml.MappingNode) else ()
    found = [value.value for key, value in pairs if key.value == "name" and isinstance(value, yaml.ScalarNode)]
    return str(found[0]) if len(found) == 1 and _NAME.fullmatch(found[0]) and "\n" not in found[0] else ""
