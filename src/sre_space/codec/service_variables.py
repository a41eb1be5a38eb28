"""What a service is started with, out of the file that has its desired state.

Of a file with a `KEY=value` a line that is the file as it is; of a YAML file a `NAME=value` line for each variable of
the service's part, so that whoever starts it needs no YAML.
"""

import re

import yaml

from sre_space.codec.strict_yaml import decoded, line_of
from sre_space.codec.yaml_values import MAX_CHARACTERS, YamlFile, joined, yaml_file
from sre_space.domain.configuration import Format, Place
from sre_space.domain.errors import Malformed

_VARIABLE = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def variables_of(own: Place, content: bytes) -> bytes:
    """Return the variables of a service, a line each, from the content of the file in which it has its `own` part.

    Raise `Malformed` with line and remedy when a YAML file has no such part, or when it holds more than variables.
    """
    if own.format is Format.ENV:
        return content
    file = yaml_file(decoded(content, own.file, 4 * MAX_CHARACTERS, "a file of desired state"), own.file)
    node = file.node(own.key)
    if isinstance(node, yaml.MappingNode):
        variables = _of_mapping(file, node, own.key)
    elif isinstance(node, yaml.SequenceNode):
        variables = _of_list(file, node)
    else:
        what = "is not there" if node is None else "has no variables"
        raise Malformed(f"{own.file}: {own.key} {what}; write `NAME: value` lines there, or correct `desired`")
    return "".join(f"{name}={value}\n" for name, value in variables.items()).encode()


def running_content(own: Place, content: bytes) -> bytes:
    """Return the variables of a service; where the file is malformed its content, which no service runs with."""
    try:
        return variables_of(own, content)
    except Malformed:
        return content


def _of_mapping(file: YamlFile, node: yaml.MappingNode, path: str) -> dict[str, str]:
    """Return the variables of `NAME: value` entries; null stands for a variable that is not set."""
    found = {}
    for key, value in node.value:
        if isinstance(value, yaml.CollectionNode):
            where, what = f"{file.name}:{line_of(key)}", joined(path, key.value)
            raise Malformed(f"{where}: {what} is no single value; name the variables' key in `desired`")
        if joined(path, key.value) in file.scalars:
            found[_name(file, key)] = _value(file, value)
    return found


def _of_list(file: YamlFile, node: yaml.SequenceNode) -> dict[str, str]:
    """Return the variables of `{name: NAME, value: value}` items; an item without a value is the runtime's own."""
    found: dict[str, str] = {}
    for item in node.value:
        parts = {key.value: value for key, value in item.value} if isinstance(item, yaml.MappingNode) else {}
        if not isinstance(parts.get("name"), yaml.ScalarNode):
            raise Malformed(f"{file.name}:{line_of(item)}: an item is no variable; write {{name: NAME, value: value}}")
        name = _name(file, parts["name"])
        if name in found:
            raise Malformed(f"{file.name}:{line_of(item)}: {name} is here twice; keep one")
        if isinstance(parts.get("value"), yaml.ScalarNode):
            found[name] = _value(file, parts["value"])
    return found


def _name(file: YamlFile, node: yaml.Node) -> str:
    name = str(node.value)
    if not _VARIABLE.fullmatch(name):
        raise Malformed(f"{file.name}:{line_of(node)}: {name!r} is no name of a variable; write letters, digits and _")
    return name


def _value(file: YamlFile, node: yaml.Node) -> str:
    value = str(node.value)
    if len(f"{value}.".splitlines()) > 1:
        raise Malformed(f"{file.name}:{line_of(node)}: a variable has one line; write it without line breaks")
    return value
