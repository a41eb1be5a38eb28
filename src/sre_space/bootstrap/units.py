"""The runtime's names of the units in the configuration."""

from sre_space.domain.space_config import SpaceConfig


def units(config: SpaceConfig) -> dict[str, str]:
    """Return the runtime's name of each configured unit, by unit; the two are the same today."""
    return {service.unit: service.unit for service in config.services.values() if service.has_runtime}


def units_without(config: SpaceConfig) -> tuple[str, ...]:
    """Return the units of the services without a runtime."""
    return tuple(service.unit for service in config.services.values() if not service.has_runtime)
