"""Asking a service whether it is alive."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Health:
    """One probe's answer: `answered` is False for no connection or a time-out; `detail` says what happened."""

    healthy: bool
    answered: bool
    detail: str
    seconds: float


class Probe(Protocol):
    """Health probes."""

    async def check(self, url: str) -> Health:
        """One GET; MUST answer within its own time limit and never raise for a sick service."""
        ...
