"""YAML read strictly: one document, UTF-8, no tags, bounded; every mistake is one sentence with its line.

Used for the configuration (`adapters/config_yaml.py`) and for desired state (`yaml_values.py`).
"""

import contextlib
from typing import Any

import yaml

from sre_space.domain.errors import Malformed

MAX_DEPTH = 20
_BOM = "\ufeff".encode()
UNREADABLE = yaml.reader.Reader.NON_PRINTABLE
_FAST = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml reads ten times faster, where PyYAML has it


def decoded(content: bytes, name: str, limit: int, what: str) -> str:
    """Return the text of a file called `name`; raise `Malformed` when it is not UTF-8, or too large to be `what`."""
    if len(content) > limit:
        raise Malformed(f"{name}: this has more than {limit} bytes; it is not {what}")
    try:
        text = content.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        byte = content[error.start]
        raise Malformed(f"{name}:{line}: this is not UTF-8 (byte {byte:#04x}); save it as UTF-8") from error
    if odd := UNREADABLE.search(text):
        line = text.count("\n", 0, odd.start()) + 1
        raise Malformed(f"{name}:{line}: this holds the control character {ord(odd[0]):#04x}; delete it")
    return text


def composed(text: str, name: str, aliases: bool = True, fast: bool = False) -> yaml.Node | None:
    """Return the root of a text, None when it is empty; raise `Malformed` with line and remedy.

    Without `aliases` an anchor is a mistake, too. `fast` reads by libyaml, for those who need no positions inside a
    line; a mistake is worded by PyYAML's own parser all the same.
    """
    try:
        if fast:
            with contextlib.suppress(yaml.YAMLError):
                return _composed(text, name, aliases, _FAST)
        return _composed(text, name, aliases, yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Malformed(f"{name}:{mark.line + 1 if mark else 1}: {_problem(error)}") from error
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape such as "\\UFFFFFFFF" is no character
        raise Malformed(f"{name}: this is not YAML: {str(error).replace(chr(10), ' ')}") from error


def line_of(node: yaml.Node) -> int:
    """Return the line in which a node begins."""
    return node.start_mark.line + 1 if node.start_mark else 1


def _composed(text: str, name: str, aliases: bool, loader: Any) -> yaml.Node | None:  # noqa: ANN401 - one of two parsers
    _bounded(text, name, aliases, loader)
    return yaml.compose(text, Loader=loader)


def _bounded(text: str, name: str, aliases: bool, loader: Any) -> None:  # noqa: ANN401 - one of two parsers
    """Raise `Malformed` for deep nesting, tags, unwanted anchors and a second document, before any value is built."""
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
        tag, anchor = getattr(event, "tag", None), getattr(event, "anchor", None)
        if tag is not None:
            raise Malformed(f"{name}:{line}: the tag {tag} is not read here; delete it")
        if anchor is not None and not aliases:
            raise Malformed(f"{name}:{line}: the anchor {anchor} is not read here; write the values out")


def _problem(error: yaml.MarkedYAMLError) -> str:
    """Return PyYAML's error as a sentence, with the remedy for common mistakes."""
    problem = str(error.problem or error.context or error)
    if "'\\t'" in problem:
        return "a tab; indent with spaces"
    if "undefined alias" in problem or "duplicate anchor" in problem:
        return problem
    context = f" {error.context}" if error.context else ""
    return f"this is not YAML: {problem}{context}; look at indentation, colons and quotes here and in the line before"
