"""The memory limits in force, read from their file."""

from collections.abc import Mapping
from pathlib import Path

from sre_space.codec.unit_limits import BadLimits, parse_limits


def read_limits(path: Path) -> Mapping[str, int]:
    """Return the limits in bytes by variable; empty without the file. `BadLimits` when it cannot be read."""
    try:
        return parse_limits(path.read_text(), str(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadLimits(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise BadLimits(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
