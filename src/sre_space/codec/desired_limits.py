"""The services' memory limits, where the configuration says that desired state has them."""

from collections.abc import Iterable, Mapping

from sre_space.codec.desired_values import value_of
from sre_space.domain.configuration import Format, Place
from sre_space.domain.errors import Malformed
from sre_space.domain.space_config import Service

DIGITS = 18  # up to an exabyte; Python refuses to convert endless numbers


def memory_files(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the files that hold the memory limits of these services, each once."""
    return tuple(dict.fromkeys(service.memory.file for service in services if service.memory))


def desired_limits(services: Iterable[Service], files: Mapping[str, str]) -> dict[str, int]:
    """Return the memory limit of each service in bytes, read from the text of each file by path.

    A service without a limit, or whose limit is no whole number, is left out.
    """
    places = {service.name: service.memory for service in services if service.memory}
    found = {name: _value(files, place) for name, place in places.items()}
    return {name: int(value) for name, value in found.items() if value.isdecimal() and len(value) <= DIGITS}


def _value(files: Mapping[str, str], place: Place) -> str:
    """Return the value at a place, "" without one; of lines that set the same key, the last counts."""
    if place.format is Format.YAML:
        try:
            return value_of(files, place) or ""
        except Malformed:
            return ""
    lines = (line.strip().partition("=") for line in reversed(files.get(place.file, "").splitlines()))
    return next((value for name, _, value in lines if name == place.key), "")
