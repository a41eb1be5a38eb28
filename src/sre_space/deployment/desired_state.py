"""The validation of desired state: by a deployment, and by the embedded forge before it merges."""

from collections.abc import Mapping

from sre_space.codec.unit_limits import BadLimits, parse_limits
from sre_space.codec.variables import UnreadableFile, parse_variables
from sre_space.domain.configuration import FOLDER, SPACE_NAME
from sre_space.domain.errors import Malformed


def desired_state(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """Return the `*.env` files of `deploy/config/` as text by name; raise `Malformed` with file, line and reason."""
    desired = {name: _parsed(name, content) for name, content in files.items() if name.endswith(".env")}
    if not desired:
        raise Malformed(f"{FOLDER} holds no *.env file")
    return desired


def _parsed(name: str, content: bytes) -> str:
    """Return the text of a file; raise `Malformed` when it does not parse."""
    try:
        text = content.decode()
        if name == SPACE_NAME:
            parse_limits(text, f"{FOLDER}/{name}")
        parse_variables(text, f"{FOLDER}/{name}")
        _refuse_duplicate_keys(text, f"{FOLDER}/{name}")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{FOLDER}/{name}:{line}: this is not UTF-8; save it as UTF-8") from error
    except (UnreadableFile, BadLimits) as error:
        raise Malformed(str(error)) from error
    return text


def _refuse_duplicate_keys(text: str, name: str) -> None:
    """Raise `Malformed` for a duplicate key: a service would take the last, and a person may read the first."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, assigns, _ = line.strip().partition("=")
        if not assigns or key.startswith("#"):
            continue
        if key in lines:
            raise Malformed(f"{name}:{number}: {key} is here twice, first in line {lines[key]}; keep one")
        lines[key] = number
