"""Reader of the configuration `sre-space.yaml`; every mistake is one sentence with the line, the key and the remedy."""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

from pydantic import ValidationError

from sre_space.adapters.config_agreement import must_agree
from sre_space.adapters.config_mistakes import first_mistake
from sre_space.adapters.config_notices import notices
from sre_space.adapters.config_schema import SpaceFile
from sre_space.adapters.config_yaml import document
from sre_space.domain.errors import Malformed
from sre_space.domain.space_config import SpaceConfig


def read_config(
    path: Path, environment: Mapping[str, str] = os.environ, units: Collection[str] | None = None
) -> SpaceConfig:
    """Return the configuration in a file, with `${NAME:-default}` replaced from `environment`.

    `units` are the names of the runtime's units, None where they are unknown. Raise `Malformed` with file, line, key
    and mistake when the file cannot be read or is invalid.
    """
    try:
        if path.exists() and not path.is_file():
            raise Malformed(f"{path} is not a file; SRE_SPACE_CHART names the configuration")
        content = path.read_bytes()
    except OSError as error:
        raise Malformed(f"{path}: {error.strerror}; SRE_SPACE_CHART names the configuration") from error
    return parse_config(content, environment, str(path), units)


def parse_config(
    content: bytes, environment: Mapping[str, str], name: str, units: Collection[str] | None = None
) -> SpaceConfig:
    """Return the configuration in a file's content, called `name` in mistakes; raise as `read_config`."""
    source = document(content, environment, name)
    try:
        raw = SpaceFile.model_validate(source.values)
    except ValidationError as error:
        raise Malformed(f"{name}:{first_mistake(error, source, SpaceFile)}") from error
    must_agree(raw, source, name, units)
    services = {service: entry.named(service) for service, entry in raw.services.items()}
    journeys = tuple(entry.named(journey) for journey, entry in raw.journeys.items())
    maintenance = tuple(entry.planned() for entry in raw.maintenance)
    said = notices(raw, source, name)
    return SpaceConfig(raw.space, services, journeys, raw.guardrails.limits(), maintenance, said)
