"""The memory limits of the services, as `deploy/config/space.env` states them; read by the warden."""

import re
from collections.abc import Mapping
from pathlib import Path

SUFFIX = "_MEMORY_BYTES"
_LINE = re.compile(r"([A-Z][A-Z0-9_]*)=(\d{1,18})")


class BadLimits(Exception):
    """The file does not parse; the message names file, line and reason."""


def read_limits(path: Path) -> Mapping[str, int]:
    """Bytes per unit (`POLICY_SERVICE_MEMORY_BYTES` limits `policy-service`); no file: no limits."""
    try:
        return parse_limits(path.read_text(), str(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadLimits(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadLimits(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error


def parse_limits(content: str, name: str) -> Mapping[str, int]:
    """The limits in a file called `name`."""
    limits = {}
    for number, line in enumerate(content.splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        found = _LINE.fullmatch(text)
        if found is None:
            raise BadLimits(f"{name}:{number}: {text!r} is not NAME=integer")
        if found[1].endswith(SUFFIX):
            limits[unit_of(found[1])] = int(found[2])
    return limits


def unit_of(variable: str) -> str:
    """`POLICY_SERVICE_MEMORY_BYTES` is about `policy-service`.

    >>> unit_of("POLICY_SERVICE_MEMORY_BYTES")
    'policy-service'
    """
    return variable.removesuffix(SUFFIX).lower().replace("_", "-")
