"""What the places of desired state in a configuration must agree on: one format a file, and keys that fit it.

Used by `config_agreement`.
"""

import re
from collections.abc import Iterator

from sre_space.adapters.config_schema import ServiceEntry, SpaceFile
from sre_space.adapters.config_yaml import Place as Where
from sre_space.domain.configuration import Format, Place

CONFIGURATION = "sre-space.yaml"
_KEY = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def disagreements(raw: SpaceFile) -> Iterator[tuple[Where, str]]:
    """Yield the places of desired state that cannot be right, each with what to write instead."""
    formats: dict[str, Format] = {}
    for name, entry in raw.services.items():
        for where, place in _places(name, entry):
            known = formats.setdefault(place.file, place.format)
            if place.file == CONFIGURATION:
                yield where, f"{CONFIGURATION} is the configuration itself; keep desired state in a file of its own"
            elif known is not place.format:
                yield where, f"{place.file} is {known} elsewhere in this file, and {place.format} here; say the same"
            elif place.format is Format.ENV and place.key and not _KEY.fullmatch(place.key):
                why = "is not the name of a key such as POOL_SIZE, as a file in the format env has them"
                yield where, f"{place.key} {why}; correct it, or say `format: yaml`"


def _places(name: str, entry: ServiceEntry) -> Iterator[tuple[Where, Place]]:
    """Yield the places of a service with where the configuration says them."""
    service = entry.named(name)
    yield ("services", name, "desired"), service.own
    for word, tunable in zip(entry.tunables, service.tunables, strict=True):
        yield ("services", name, "tunables", word), tunable.place
    for word, place in (("memory", service.memory), ("replicas", service.replicas)):
        if place:
            yield ("services", name, word), place
