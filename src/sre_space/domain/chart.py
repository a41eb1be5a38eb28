"""The patient's chart: what is protected, what well means, what the doctor may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Autonomy(StrEnum):
    """How far the doctor may go with a service by itself."""

    OBSERVE = "observe"
    APPROVE = "approve"
    AUTONOMOUS = "autonomous"


@dataclass(frozen=True)
class Service:
    """One service: its health URL, the runtime's name for it, whom it calls, and where its callers reach it.

    `address` is `host:port` of what stands in front of it (a virtual IP, a proxy, a link); "" when that is where its
    health is asked.
    """

    name: str
    health: str
    unit: str
    calls: tuple[str, ...]
    autonomy: Autonomy
    address: str = ""


@dataclass(frozen=True)
class Journey:
    """A critical user journey: root spans of `caller` with one of these names; `slo` is the wanted success rate."""

    name: str
    caller: str
    steps: tuple[str, ...]
    slo: float


@dataclass(frozen=True)
class Guardrails:
    """The limits of what the doctor may do by itself."""

    actions: tuple[str, ...]
    restarts_per_hour: int
    cooldown_seconds: float
    global_concurrency: int
    attempts: int


@dataclass(frozen=True)
class Chart:
    """The whole chart; services outside it are never judged."""

    space: str
    services: Mapping[str, Service]
    journey: Journey
    guardrails: Guardrails
