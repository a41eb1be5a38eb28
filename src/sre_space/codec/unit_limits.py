"""The memory limits of the services in `deploy/config/space.env`; for the warden and the deployer."""

import re
from collections.abc import Mapping

SUFFIX = "_MEMORY_BYTES"
_LINE = re.compile(r"([A-Z][A-Z0-9_]*)=(\d{1,18})")


class BadLimits(Exception):
    """The file does not parse; the message names file, line and reason."""


def parse_limits(content: str, name: str) -> Mapping[str, int]:
    """Return the limits in bytes by unit from the content of a file called `name`; `BadLimits` when it is malformed."""
    limits = {}
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _LINE.fullmatch(text)
        if match is None:
            raise BadLimits(f"{name}:{number}: {text!r} is not NAME=integer")
        if match[1].endswith(SUFFIX):
            limits[unit_of(match[1])] = int(match[2])
    return limits


def unit_of(variable: str) -> str:
    """Return the unit that a variable limits.

    >>> unit_of("POLICY_SERVICE_MEMORY_BYTES")
    'policy-service'
    """
    return variable.removesuffix(SUFFIX).lower().replace("_", "-")
