"""How the runtime calls what the configuration calls a unit."""

from sre_space.domain.chart import Chart


def units(chart: Chart) -> dict[str, str]:
    """Each unit of the configuration and the runtime's name for it; one name today."""
    return {service.unit: service.unit for service in chart.services.values()}
