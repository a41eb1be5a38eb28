"""The order in which several ended services are restarted: callees before their callers. Used by Brain."""

from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.agents.unit_state import ended_services
from sre_space.domain.case import Case
from sre_space.domain.cycle import waits_for_people
from sre_space.domain.dependencies import reach
from sre_space.domain.space_config import Autonomy, SpaceConfig
from sre_space.ports.incident_repository import IncidentRepository
from sre_space.ports.probe import Probe
from sre_space.ports.runtime import Unit

MAX_WAIT_NS = 15 * 10**9  # a callee that cannot be started must not block its callers indefinitely


@dataclass(frozen=True)
class AwaitedCallees:
    """Finds the callees of an ended service that are not back yet and that the agents are still going to restart."""

    config: SpaceConfig
    probe: Probe
    incidents: IncidentRepository

    async def awaited(self, case: Case, units: Mapping[str, Unit], now: int) -> tuple[str, ...]:
        """Return the services that have to answer before the one that ended is restarted; () when it need not wait.

        Not awaited are services that wait for a person, and services that call back. Nothing is awaited for longer than
        `MAX_WAIT_NS`, or when the incident's service has not ended.
        """
        symptom = case.detection.symptoms[0]
        ended = ended_services(self.config, units)
        if symptom.service not in ended or now - case.last.at >= MAX_WAIT_NS:
            return ()
        unavailable = {
            name for name in _callees_of(self.config, symptom.service) if name in ended or not await self._answers(name)
        }
        if not unavailable:
            return ()
        left_to_people = {
            other.detection.symptoms[0].service
            for other in await self.incidents.open_cases()
            if waits_for_people(other)
        }
        return tuple(sorted(unavailable - left_to_people))

    async def _answers(self, service: str) -> bool:
        return (await self.probe.check(self.config.services[service].health)).healthy


def _callees_of(config: SpaceConfig, service: str) -> list[str]:
    """Return direct and indirect callees, except those that depend on the service too or that are only observed."""
    calls = {name: entry.calls for name, entry in config.services.items()}
    callees = [name for name in reach(service, calls) if name in config.services and service not in reach(name, calls)]
    return sorted(name for name in callees if config.services[name].autonomy is not Autonomy.OBSERVE)
