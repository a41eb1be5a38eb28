"""The validation of desired state: by a deployment, and by the embedded forge before it merges."""

from collections.abc import Iterator, Mapping

from sre_space.codec.desired_values import value_of
from sre_space.codec.service_variables import variables_of
from sre_space.codec.strict_yaml import decoded
from sre_space.codec.unit_limits import BadLimits, parse_limits
from sre_space.codec.variables import UnreadableFile, parse_variables
from sre_space.codec.yaml_edits import require_settable
from sre_space.codec.yaml_values import MAX_CHARACTERS
from sre_space.domain.configuration import FOLDER, SPACE_FILE, Format, Place
from sre_space.domain.errors import Malformed
from sre_space.domain.space_config import SpaceConfig

DIGITS = 18  # of a memory limit or a number of replicas


def desired_state(files: Mapping[str, bytes], config: SpaceConfig) -> Mapping[str, str]:
    """Return those files that are desired state as text by path; raise `Malformed` with file, line and reason."""
    formats = config.formats
    desired = {
        path: _yaml_text(path, content) if formats.get(path) is Format.YAML else env_text(path, content)
        for path, content in files.items()
        if path in formats or (config.names_no_files and path.endswith(".env") and path.rpartition("/")[0] == FOLDER)
    }
    if not desired:
        named = [path for path in formats if path.rpartition("/")[0] != FOLDER]
        raise Malformed(f"{named[0]} is not there" if named else f"{FOLDER} holds no *.env file")
    for service in config.services.values():
        if service.desired and service.file not in desired:
            raise Malformed(f"{service.file} is not there; add it, or correct `desired` of {service.name}")
        if service.file in desired:
            variables_of(service.own, desired[service.file].encode())
    for place in _declared(config):
        _refuse_unsettable(place, desired)
    for place in _numbers(config):
        _refuse_no_number(place, desired)
    return desired


def env_text(path: str, content: bytes) -> str:
    """Return the text of a file with `KEY=value` lines; raise `Malformed` when it does not parse."""
    try:
        text = content.decode()
        if path == SPACE_FILE:
            parse_limits(text, path)
        parse_variables(text, path)
        _refuse_duplicate_keys(text, path)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Malformed(f"{path}:{line}: this is not UTF-8; save it as UTF-8") from error
    except (UnreadableFile, BadLimits) as error:
        raise Malformed(str(error)) from error
    return text


def _yaml_text(path: str, content: bytes) -> str:
    """Return the text of a YAML file, whose structure its places are then looked up in."""
    decoded(content, path, 4 * MAX_CHARACTERS, "a file of desired state")
    return content.decode()


def _declared(config: SpaceConfig) -> Iterator[Place]:
    return (place for service in config.services.values() for place in service.declared)


def _numbers(config: SpaceConfig) -> Iterator[Place]:
    return (place for one in config.services.values() for place in (one.memory, one.replicas) if place)


def _refuse_unsettable(place: Place, desired: Mapping[str, str]) -> None:
    """Raise `Malformed` for a YAML value that could not be set where the configuration says that it is."""
    if place.format is Format.YAML and place.file in desired:
        require_settable(desired[place.file], place.key, place.file)


def _refuse_no_number(place: Place, desired: Mapping[str, str]) -> None:
    """Raise `Malformed` for a memory limit or a number of replicas that is no whole number."""
    value = value_of(desired, place)
    if value is not None and not (value.isascii() and value.isdecimal() and len(value) <= DIGITS):
        raise Malformed(f"{place.file}: {place.key} is {value!r}; write a whole number (memory in bytes)")


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
