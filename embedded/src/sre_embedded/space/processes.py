"""The process table of the embedded space: what runs, in which order, and with which identity."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from sre_embedded.space.ports import Ports
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.servers import HOST
from sre_space.bootstrap.space.state import SUPERVISOR, SpaceState
from sre_space.domain.health_check import HealthCheck

SERVICE_NAME = "OTEL_SERVICE_NAME"
OWN = ("bus", "telemetry", "forge", "network", "chroma", *AGENTS, "deployer", "warden", SUPERVISOR)


class Role(StrEnum):
    """The kind of a process, which decides who restarts it and which settings and secrets it receives."""

    SERVER = "server"
    APPLICATION = "application"
    CUSTOMERS = "customers"
    AGENT = "agent"
    DEPLOYER = "deployer"
    WARDEN = "warden"
    DASHBOARD = "dashboard"


@dataclass(frozen=True)
class Link:
    """The network's link in front of a process: it listens on `port` and leads `to` the process's own."""

    name: str
    port: int
    to: int


@dataclass(frozen=True)
class Process:
    """A process of the space. All processes of a `stage` serve before the next stage starts.

    The rest is said of the application's processes alone (docs/processes.md): the working `folder`, the `environment`
    that is added, the `ports` on which it listens, the `link` in front of it, the check that it is `ready` (None: the
    configuration's, or its ports), and its `page` for people.
    """

    name: str
    role: Role
    argv: tuple[str, ...]
    stage: int
    folder: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    link: Link | None = None
    ready: HealthCheck | None = None
    page: str = ""

    @property
    def autorestarts(self) -> bool:
        """Return True when supervisord restarts the process; False for the services, which only Fixer may restart."""
        return self.role is not Role.APPLICATION

    @property
    def exports_as(self) -> str:
        """Return the `service.name` of the process's telemetry; "" for a process that exports none."""
        match self.role:
            case Role.APPLICATION | Role.CUSTOMERS:
                return self.environment.get(SERVICE_NAME) or self.name
            case Role.AGENT:
                return f"sre-{self.name}"
            case _:
                return ""

    @property
    def low_priority(self) -> bool:
        """Return True for agents, dashboard and servers, niced: on a busy machine the application has priority.

        The network is on the path of the application's requests; the deployer restarts its services, and the warden
        enforces their memory limits.
        """
        return self.role in (Role.AGENT, Role.DASHBOARD) or (self.role is Role.SERVER and self.name != "network")


IDENTITIES: Mapping[str, str] = {
    "sre-scout": "write",
    "sre-brain": "write",
    "sre-fixer": "write",
    "sre-memory": "write",
    "sre-deployer": "read",
    "sre-dashboard": "read",  # it comments, with orders that people signed; no word of its own is an order
    "operator": "admin",
}
LOGINS: Mapping[str, str] = {name: f"sre-{name}" for name in (*AGENTS, "deployer", "dashboard")}


def process_table(state: SpaceState, ports: Ports, application: Sequence[Process] = ()) -> Sequence[Process]:
    """Return all processes of the space in start order; the agents start when all services of the application serve."""
    network = [_module("network", Role.SERVER, "sre_embedded.bootstrap.network", 0)] if links(application) else []
    last = 1 + max((one.stage for one in application if one.role is Role.APPLICATION), default=0)
    return (
        _module("bus", Role.SERVER, "sre_embedded.bootstrap.bus", 0),
        _module("telemetry", Role.SERVER, "sre_embedded.bootstrap.telemetry", 0),
        _module("forge", Role.SERVER, "sre_embedded.bootstrap.forge", 0),
        *network,
        Process("chroma", Role.SERVER, _chroma(state, ports), 0),
        *application,
        *(_module(name, Role.AGENT, f"sre_space.bootstrap.{name}", last) for name in AGENTS),
        _module("deployer", Role.DEPLOYER, "sre_space.bootstrap.deployer", last),
        _module("dashboard", Role.DASHBOARD, "sre_space.bootstrap.dashboard", last),
        _module("warden", Role.WARDEN, "sre_embedded.bootstrap.warden", last),
    )


def services(application: Sequence[Process]) -> tuple[str, ...]:
    """Return the names of the application's services: the units that the configuration may name."""
    return tuple(one.name for one in application if one.role is Role.APPLICATION)


def links(application: Sequence[Process]) -> tuple[Link, ...]:
    """Return the network's links in front of the application's processes."""
    return tuple(one.link for one in application if one.link is not None)


def _module(name: str, role: Role, module: str, stage: int) -> Process:
    return Process(name, role, (sys.executable, "-m", module), stage)


def _chroma(state: SpaceState, ports: Ports) -> tuple[str, ...]:
    program = Path(sys.executable).with_name("chroma")
    folder = state.chroma
    wrapper = (sys.executable, "-m", "sre_embedded.bootstrap.chroma", str(folder))
    return (*wrapper, str(program), "run", "--host", HOST, "--port", str(ports.chroma_port), "--path", str(folder))
