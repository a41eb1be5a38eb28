"""The port to health probes of services."""

from dataclasses import dataclass
from typing import Protocol

from sre_space.domain.health_check import HealthCheck


@dataclass(frozen=True)
class Health:
    """The result of one probe: `answered` is False without a connection or on a time-out; `seconds` is the duration."""

    healthy: bool
    answered: bool
    detail: str
    seconds: float


class Probe(Protocol):
    """A prober of services."""

    async def check(self, check: HealthCheck) -> Health:
        """Return the result of one check; MUST obey its time limit and MUST NOT raise for an unhealthy service."""
        ...
