"""The file with the memory limits of all units (`variables.limit_variable`); for the warden and the deployer."""

import re
from collections.abc import Mapping

_LINE = re.compile(r"([A-Z][A-Z0-9_]*)=(\d{1,18})")


class BadLimits(Exception):
    """The file does not parse; the message names file, line and reason."""


def parse_limits(content: str, name: str) -> Mapping[str, int]:
    """Return the whole numbers by variable in the content of a file called `name`; `BadLimits` when it is malformed."""
    limits = {}
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise BadLimits(f"{name}:{number}: {text!r} is not NAME=integer")
        limits[match[1]] = int(match[2])
    return limits
