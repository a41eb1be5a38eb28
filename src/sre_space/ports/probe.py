"""The port to health probes of services."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Health:
    """The result of one probe: `answered` is False without a connection or on a time-out; `seconds` is the duration."""

    healthy: bool
    answered: bool
    detail: str
    seconds: float


class Probe(Protocol):
    """A prober of health URLs."""

    async def check(self, url: str) -> Health:
        """Return the result of one GET; MUST obey its own time limit and MUST NOT raise for an unhealthy service."""
        ...
