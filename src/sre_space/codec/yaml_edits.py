"""One value of a YAML file set or removed: only its own characters change, everything else stays byte for byte.

A library that writes the parsed file again would change indentation, quotes and line lengths elsewhere; here the parser
says where a value stands, and the result is parsed again before it counts.
"""

import re

import yaml

from sre_space.codec.strict_yaml import UNREADABLE, line_of
from sre_space.codec.yaml_values import YamlFile, joined, yaml_file
from sre_space.domain.errors import Malformed

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,17})(\.\d+)?")
_WORD = re.compile(r"[A-Za-z_/][\w./+-]*", re.ASCII)
_LOOKS_OTHERWISE = re.compile(r"y|n|yes|no|on|off|true|false|null", re.IGNORECASE)
_STRING = "tag:yaml.org,2002:str"
_BLOCK = ("|", ">")


def with_value_at(text: str, path: str, value: str | None, name: str = "this file") -> str:
    """Return the text with the value at a path set, in the manner of the value there before; None removes its key.

    A key that is not there is added to its mapping. Raise `Malformed` where that would need more than one value.
    """
    file = yaml_file(text, name)
    if file.values.get(path) == value and not isinstance(file.node(path), yaml.CollectionNode):
        return text
    changed = _changed(text, file, path, value)
    _require_the_same(file, _parsed(changed, file, path), path, value)
    return changed


def require_settable(text: str, path: str, name: str) -> None:
    """Raise `Malformed` unless a single value stands at the path or could be added there."""
    file = yaml_file(text, name)
    node = file.node(path)
    if isinstance(node, yaml.CollectionNode):
        raise Malformed(f"{name}:{line_of(node)}: {path} is not a single value; name one inside it")
    if node is None:
        _mapping_of(file, path)


def _changed(text: str, file: YamlFile, path: str, value: str | None) -> str:
    node = file.node(path)
    if value is None:
        return _removed(text, file, path)
    if node is None:
        return _added(text, file, path, value)
    if not isinstance(node, yaml.ScalarNode):
        raise Malformed(f"{file.name}:{line_of(node)}: {path} is not a single value; name one inside it")
    if node.style in _BLOCK:
        raise Malformed(f"{file.name}:{line_of(node)}: {path} is a text of several lines; change it by hand")
    start, end = _span(node)
    return f"{text[:start]}{' ' if start == end else ''}{_written(value, node)}{text[end:]}"


def _parsed(text: str, file: YamlFile, path: str) -> YamlFile:
    try:
        return yaml_file(text, file.name)
    except Malformed as error:
        raise Malformed(f"{file.name}: {path} cannot be changed alone ({error}); change it by hand") from error


def _require_the_same(before: YamlFile, after: YamlFile, path: str, value: str | None) -> None:
    """Raise `Malformed` unless the value at the path is the only difference."""
    wanted = {key: present for key, present in before.values.items() if key != path}
    wanted |= {path: value} if value is not None else {}
    if dict(after.values) != wanted or after.shape != before.shape:
        raise Malformed(f"{before.name}: {path} cannot be changed alone; change it by hand")


def _added(text: str, file: YamlFile, path: str, value: str) -> str:
    """Return the text with a new last entry in the mapping that the path names."""
    mapping, key = _mapping_of(file, path)
    entries = mapping.value
    entry = f"{_key(key)}: {_written(value, _last_scalar(mapping))}"
    if mapping.flow_style:
        at = mapping.start_mark.index + 1
        return f"{text[:at]}{entry}{', ' if entries else ''}{text[at:]}"
    at = _line_end(text, _end(text, entries[-1][1]))
    newline = "\r\n" if "\r\n" in text else "\n"
    begun = "" if at == 0 or text[at - 1] == "\n" else newline
    return f"{text[:at]}{begun}{' ' * entries[0][0].start_mark.column}{entry}{newline}{text[at:]}"


def _mapping_of(file: YamlFile, path: str) -> tuple[yaml.MappingNode, str]:
    """Return the mapping to which a new path would belong, and the key there; raise `Malformed` where there is none."""
    for parent, node in file.others.items():
        if isinstance(node, yaml.MappingNode):
            rest = path.removeprefix(f"{parent}." if parent else "") if path.startswith(parent) else ""
            key = re.sub(r"\\(.)", r"\1", rest)
            if rest and joined(parent, key) == path:
                return node, key
    raise Malformed(f"{file.name}: there is nothing to which {path} could be added; add it by hand")


def _removed(text: str, file: YamlFile, path: str) -> str:
    """Return the text without an entry of a mapping; a mapping that is then empty is written `{}`."""
    target = file.node(path)
    mappings = (node for node in file.others.values() if isinstance(node, yaml.MappingNode))
    found = ((one, place) for one in mappings for place, entry in enumerate(one.value) if entry[1] is target)
    mapping, place = next(found, (None, 0))
    if mapping is None or not isinstance(target, yaml.ScalarNode):
        raise Malformed(f"{file.name}: {path} is no value of a key; remove it by hand")
    removed = _without(text, mapping, place)
    if _comments(removed) != _comments(text):
        raise Malformed(f"{file.name}: a comment would go with {path}; remove it by hand")
    return removed


def _comments(text: str) -> int:
    """Return how many lines are comments alone."""
    return sum(line.lstrip().startswith("#") for line in text.splitlines())


def _without(text: str, mapping: yaml.MappingNode, place: int) -> str:
    entries = mapping.value
    if len(entries) == 1:
        end = mapping.end_mark.index if mapping.flow_style else _end(text, entries[0][1])
        return f"{text[: mapping.start_mark.index]}{{}}{text[end:]}"
    start = entries[place][0].start_mark.index
    if place + 1 < len(entries) and (mapping.flow_style or not _begins_line(text, start)):
        return text[:start] + text[entries[place + 1][0].start_mark.index :]
    if mapping.flow_style:
        return text[: _end(text, entries[place - 1][1])] + text[_end(text, entries[place][1]) :]
    line = text.rfind("\n", 0, start) + 1
    return text[:line] + text[_line_end(text, _end(text, entries[place][1])) :]


def _begins_line(text: str, at: int) -> bool:
    return not text[text.rfind("\n", 0, at) + 1 : at].strip()


def _line_end(text: str, at: int) -> int:
    """Return where the line after the one of this position begins, or the end of the text."""
    if at and text[at - 1] == "\n":
        return at  # the end of a text of several lines
    return text.find("\n", at) + 1 or len(text)


def _span(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.index, node.end_mark.index


def _end(text: str, node: yaml.Node) -> int:
    """Return where a value ends; the parser's end of a block includes what follows it."""
    if isinstance(node, yaml.CollectionNode):
        if node.flow_style or not node.value:
            return int(node.end_mark.index)
        last = node.value[-1]
        return _end(text, last[1] if isinstance(node, yaml.MappingNode) else last)
    end = int(node.end_mark.index)
    line = text.rfind("\n", 0, end) + 1
    return line if isinstance(node, yaml.ScalarNode) and node.style in _BLOCK and not text[line:end].strip() else end


def _last_scalar(mapping: yaml.MappingNode) -> yaml.ScalarNode | None:
    """Return the last single value of a mapping, in whose manner a new one is written."""
    scalars = [value for _, value in mapping.value if isinstance(value, yaml.ScalarNode) and value.style not in _BLOCK]
    return scalars[-1] if scalars else None


def _key(key: str) -> str:
    return key if _plain_word(key) else _quoted(key)


def _written(value: str, like: yaml.ScalarNode | None) -> str:
    """Return a value as YAML: quoted where the other one is, or where it would otherwise be read as another type."""
    if like is not None and like.style == "'" and not UNREADABLE.search(value) and len(f"{value}.".splitlines()) == 1:
        return "'" + value.replace("'", "''") + "'"
    if like is not None and like.style == '"':
        return _quoted(value)
    text = like is not None and like.tag == _STRING
    plain = _plain_word(value) or (not text and (_NUMBER.fullmatch(value) or value in ("true", "false")))
    return value if plain else _quoted(value)


def _plain_word(value: str) -> bool:
    return bool(_WORD.fullmatch(value)) and not _LOOKS_OTHERWISE.fullmatch(value)


def _quoted(value: str) -> str:
    """Return a value in double quotes, with what cannot be printed as escapes."""
    return '"' + "".join(_escaped(one) for one in value) + '"'


def _escaped(one: str) -> str:
    if one in '"\\':
        return f"\\{one}"
    if one.isprintable():
        return one
    return f"\\U{ord(one):08x}"
