"""The state of each service: what its runtime says of its unit, and its health probe. Used by Scout, Brain, Fixer."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from sre_space.analysis.diagnosis.tables import ServiceState
from sre_space.domain.space_config import Service, SpaceConfig
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Died, Unit

ENDED = ("stopped", "exited", "fatal")
STARTING_NS = 3 * 10**9  # a service starts in less; the runtime counts whole seconds


async def service_states(
    config: SpaceConfig, units: Mapping[str, Unit], probe: Probe, now: int
) -> Sequence[ServiceState]:
    """Return the state of each service at `now` (Unix ns); all are probed at the same time."""
    return await asyncio.gather(
        *(_state(service, units[service.unit], probe, now) for service in config.services.values())
    )


async def _state(service: Service, unit: Unit, probe: Probe, now: int) -> ServiceState:
    health = await probe.check(service.health)
    return ServiceState(
        service=service.name,
        ended=unit.state in ENDED,
        runtime=f"the runtime says {unit.state}{_exit(unit.exit_code, unit.detail)}",
        runtime_id=f"runtime:{unit.name}:{unit.incarnation}",
        answered=health.answered,
        healthy=health.healthy,
        health=health.detail,
        starting=unit.state in ("running", "starting") and now - unit.since < STARTING_NS,
        since=unit.since,
        calls=tuple(service.calls),
    )


def ended_services(config: SpaceConfig, units: Mapping[str, Unit]) -> frozenset[str]:
    """Return the services whose unit has ended, according to the runtime."""
    return frozenset(service.name for service in config.services.values() if units[service.unit].state in ENDED)


def memory_limits(services: Mapping[str, Service], units: Iterable[Unit]) -> dict[str, int]:
    """Return the memory limit of each service in bytes, of several instances the lowest, where the runtime knows it."""
    limits: dict[str, int] = {}
    for unit in units:
        if unit.memory_limit is not None:
            limits[unit.name] = min(unit.memory_limit, limits.get(unit.name, unit.memory_limit))
    return {name: limits[service.unit] for name, service in services.items() if service.unit in limits}


def end_in_words(end: Died) -> str:
    """Return an end as the runtime says it, in words."""
    return f"the runtime says ended{_exit(end.exit_code, end.detail)}"


def _exit(exit_code: int | None, detail: str) -> str:
    code = f", exit code {exit_code}" if exit_code is not None else ""
    return code + (f" ({detail})" if detail else "")
