"""The services' memory limits, where the configuration says that desired state has them."""

from collections.abc import Iterable, Mapping

from sre_space.domain.space_config import Service

DIGITS = 18  # up to an exabyte; Python refuses to convert endless numbers


def memory_files(services: Iterable[Service]) -> tuple[str, ...]:
    """Return the files that hold the memory limits of these services, each once."""
    return tuple(dict.fromkeys(service.memory.file for service in services if service.memory))


def memory_limits(services: Iterable[Service], files: Mapping[str, str]) -> dict[str, int]:
    """Return the memory limit of each service in bytes, read from the text of each file by path.

    A service without a limit, or whose limit is no whole number, is left out.
    """
    places = {service.name: service.memory for service in services if service.memory}
    found = {name: _value(files.get(place.file, ""), place.key) for name, place in places.items()}
    return {name: int(value) for name, value in found.items() if value.isdecimal() and len(value) <= DIGITS}


def _value(text: str, key: str) -> str:
    """Return the value of the last line that sets the key, "" without one."""
    lines = (line.strip().partition("=") for line in reversed(text.splitlines()))
    return next((value for name, _, value in lines if name == key), "")
