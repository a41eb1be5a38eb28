"""Variables in files with a `NAME=value` a line: their values, and what a service is to run with.

Standard library only: the launcher imports it.
"""

import hashlib
import re
from collections.abc import Mapping

_LINE = re.compile(r"([A-Za-z_]\w*)=(.*)")


class UnreadableFile(Exception):
    """A file of variables that is missing or malformed; the message is one sentence."""


def parse_variables(text: str, name: str) -> Mapping[str, str]:
    """Return the variables in the content of a file called `name`; `UnreadableFile` names the malformed line."""
    variables: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or "\0" in line:
            raise UnreadableFile(f"{name}:{number}: {line.strip()!r} is not NAME=value")
        variables[match[1]] = match[2]
    return variables


def limit_variable(unit: str) -> str:
    """Return the variable with a unit's memory limit in bytes.

    >>> limit_variable("price-list")
    'PRICE_LIST_MEMORY_BYTES'
    """
    return f"{unit.upper().replace('-', '_')}_MEMORY_BYTES"


def desired_text(unit: str, content: bytes, space: Mapping[str, str]) -> str:
    """Return what a unit is to run with: its variables, and its memory limit among those of all units, `space`."""
    return running_text(content, space.get(limit_variable(unit), ""))


def running_text(content: bytes, limit: str) -> str:
    """Return what a unit runs with, in two lines: the SHA-256 of its variables, its memory limit in bytes or ""."""
    return f"{hashlib.sha256(content).hexdigest()}\n{limit}\n"
