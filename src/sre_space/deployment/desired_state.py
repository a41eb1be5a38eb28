"""What a deployment accepts as desired state; asked by the deployment, and by the forge before anything is merged."""

from collections.abc import Mapping

from sre_space.domain.configuration import FOLDER, SPACE_NAME
from sre_space.domain.errors import Malformed
from sre_space.embedded.launcher import UnreadableFile, parse_variables
from sre_space.embedded.warden.limits import BadLimits, parse_limits


def desired_state(files: Mapping[str, bytes]) -> Mapping[str, str]:
    """The `*.env` files of `deploy/config/` by name, as text; `Malformed` names file, line and reason."""
    wanted = {name: _parsed(name, content) for name, content in files.items() if name.endswith(".env")}
    if not wanted:
        raise Malformed(f"{FOLDER} holds no *.env file")
    return wanted


def _parsed(name: str, content: bytes) -> str:
    """The text of a file that parses."""
    try:
        text = content.decode()
        if name == SPACE_NAME:
            parse_limits(text, f"{FOLDER}/{name}")
        parse_variables(text, f"{FOLDER}/{name}")
        _no_key_twice(text, f"{FOLDER}/{name}")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{FOLDER}/{name}:{line}: this is not UTF-8; save it as UTF-8") from error
    except (UnreadableFile, BadLimits) as error:
        raise Malformed(str(error)) from error
    return text


def _no_key_twice(text: str, name: str) -> None:
    """A service would take the last one, and a person may read the first."""
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        key, is_one, _ = line.strip().partition("=")
        if not is_one or key.startswith("#"):
            continue
        if key in lines:
            raise Malformed(f"{name}:{number}: {key} is here twice, first in line {lines[key]}; keep one")
        lines[key] = number
