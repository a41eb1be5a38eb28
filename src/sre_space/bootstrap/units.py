"""The runtime's names of the units in the configuration."""

from sre_space.domain.space_config import SpaceConfig


def units(config: SpaceConfig) -> dict[str, str]:
    """Return the runtime's name of each configured unit, by unit; the two are the same today."""
    return {service.unit: service.unit for service in config.services.values()}
