"""How the runtime calls what the configuration calls a unit."""

from sre_space.domain.space_config import SpaceConfig


def units(config: SpaceConfig) -> dict[str, str]:
    """Each unit of the configuration and the runtime's name for it; one name today."""
    return {service.unit: service.unit for service in config.services.values()}
