"""Who is started first of several that have ended: what a service calls goes before it. Used by Brain."""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.agents.unit_state import ended_services
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.dependencies import reach
from sre_space.domain.space_config import Autonomy, SpaceConfig
from sre_space.domain.symptoms import SymptomKind
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Unit

MAX_WAIT_NS = 15 * 10**9  # a callee that cannot be started holds nobody back for ever


@dataclass(frozen=True)
class AwaitedCallees:
    """Knows whom a service calls, whether that answers, and whether it is left to a person."""

    config: SpaceConfig
    probe: Probe
    incidents: IncidentRepository

    async def awaited(self, case: Case, units: Mapping[str, Unit], now: int) -> tuple[str, ...]:
        """Return the services that have to answer before the one that ended is restarted; () when it need not wait.

        Nobody waits for what is left to a person, for a service that calls back, or longer than `MAX_WAIT_NS`.
        """
        first = case.detection.symptoms[0]
        ended = ended_services(self.config, units)
        outage = first.kind is SymptomKind.INFRASTRUCTURE and first.service in ended
        if not outage or now - case.last.at >= MAX_WAIT_NS:
            return ()
        out = {name for name in _below(self.config, first.service) if name in ended or not await self._answers(name)}
        if not out:
            return ()
        waiting = {
            one.detection.symptoms[0].service for one in await self.incidents.open_cases() if waits_for_people(one)
        }
        return tuple(sorted(out - waiting))

    async def _answers(self, service: str) -> bool:
        return (await self.probe.check(self.config.services[service].health)).healthy


def _below(config: SpaceConfig, service: str) -> list[str]:
    """Whom it depends on, without those that depend on it, too, and those that the agents may not start."""
    calls = {name: one.calls for name, one in config.services.items()}
    below = [name for name in reach(service, calls) if name in config.services and service not in reach(name, calls)]
    return sorted(name for name in below if config.services[name].autonomy is not Autonomy.OBSERVE)
