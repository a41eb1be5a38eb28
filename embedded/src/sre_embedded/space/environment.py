"""The environment of each process: only what it needs, each secret only to its owner, never on a command line."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sre_embedded.space.ports import Ports
from sre_embedded.space.processes import LOGINS, SERVICE_NAME, Link, Process, Role, links
from sre_space.bootstrap.space import servers as space_servers
from sre_space.bootstrap.space.addresses import addresses, inherited
from sre_space.bootstrap.space.servers import (
    CHROMA,
    FORGE,
    HEADERS,
    JAEGER,
    NO_EXTERNAL_SERVERS,
    OTLP,
    RECORD_KEY,
    ExternalServers,
)
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain.errors import Malformed
from sre_space.settings import supervisord_at
from sre_space.state_files import write_private

HOURS_ARE_MINUTES = {"SLO_WINDOW_SCALE": str(1 / 60)}
DEPLOYER_POLL = {"POLL_SECONDS": "0.25"}  # how often the embedded forge is polled for its main
DASHBOARD_URL = "SRE_DASHBOARD_URL"
BUNDLES = ("BUNDLES_KEPT_DAYS", "BUNDLES_MAX_BYTES")
PASSED_SETTINGS: Mapping[str, tuple[str, ...]] = {  # settings a person may make, by the process that receives them
    "telemetry": ("SPANS_MAX_BYTES", "SPANS_RETENTION_SECONDS", DASHBOARD_URL),
    "forge": ("REQUIRED_CHECKS",),
    "scout": ("DASHBOARD_JAEGER_URL", "POLL_SECONDS", "SLO_WINDOW_SCALE", DASHBOARD_URL, "SRE_NOTIFY_URLS"),
    "brain": (*BUNDLES, "OPENAI_API_KEY", "POLL_SECONDS", "SRE_NOTIFY_URLS"),
    "fixer": ("DRY_RUN", "POLL_SECONDS", "SRE_NOTIFY_URLS"),
    "memory": ("POLL_SECONDS",),
    "warden": ("SRE_NOTIFY_URLS",),
    "dashboard": (
        *BUNDLES,
        "DASHBOARD_BASE_PATH",
        "DASHBOARD_HOST",
        "DASHBOARD_HOSTS",
        "DASHBOARD_JAEGER_URL",
        "DASHBOARD_OPEN_TO_READERS",
        "DASHBOARD_TRUSTED_PROXIES",
        "DRY_RUN",
    ),
}


@dataclass(frozen=True)
class SpacePlan:
    """The plan of a space: its state, its ports, its configuration (in the checkout), its repository, what it starts.

    `application` are the processes that it starts beside its own. In a `dry_run` the agents watch, diagnose and decide,
    and change nothing. `variables` is what a person has set, by variable; `external` are the servers that the space
    does not start itself.
    """

    state: SpaceState
    ports: Ports
    config_path: Path
    owner: str
    repo: str
    dry_run: bool = False
    variables: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    external: ExternalServers = NO_EXTERNAL_SERVERS
    application: tuple[Process, ...] = ()

    @property
    def checkout(self) -> Path:
        """Return the folder with the configuration and `deploy/`."""
        return self.config_path.parent

    @property
    def dashboard(self) -> str:
        """Return the dashboard's address on this machine."""
        base_path = self.variables.get("DASHBOARD_BASE_PATH", "").rstrip("/")
        return f"http://{space_servers.HOST}:{self.ports.dashboard_port}{base_path}"


@dataclass(frozen=True)
class TokenSetup:
    """The tokens of processes: for the forge by login, for the telemetry server by process."""

    forge: Mapping[str, str]
    telemetry: Mapping[str, str]


def write_environments(plan: SpacePlan, processes: tuple[Process, ...], tokens: TokenSetup) -> None:
    """Write one file of mode 0600 per process for the launcher; raise `Malformed` for a value with a line break."""
    for process in processes:
        values = environment_of(plan, process, tokens)
        broken = [name for name, value in values.items() if "\n" in value]
        if broken:
            raise Malformed(f"{broken[0]} holds a line break; set it to one line")
        last = {"SRE_SPACE_UNIT": values.pop("SRE_SPACE_UNIT")}  # the launcher refuses a file without its last line
        text = "".join(f"{name}={value}\n" for name, value in (values | last).items())
        write_private(plan.state.environment(process.name), text)


def environment_of(plan: SpacePlan, process: Process, tokens: TokenSetup) -> dict[str, str]:
    """Return the whole environment of one process."""
    values = inherited() | {
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",
        "SRE_SPACE_UNIT": f"{process.name}@{plan.state.mark}",
        SERVICE_NAME: process.name,
    }
    values |= addresses(plan.ports.numbers, plan.external)
    if process.name in tokens.telemetry:
        own = {HEADERS: f"authorization=Bearer%20{tokens.telemetry[process.name]}"}
        values |= {HEADERS: plan.external.exports.get(HEADERS, "")} if OTLP in plan.external.addresses else own
    if process.role in (Role.APPLICATION, Role.CUSTOMERS):
        return values | dict(process.environment)
    return values | _space_settings(plan) | _own_settings(plan, process, tokens) | _personal_settings(plan, process)


def _space_settings(plan: SpacePlan) -> dict[str, str]:
    return {
        "SRE_SPACE_STATE": str(plan.state.root),
        "SRE_SPACE_CHART": str(plan.config_path),
        "REPO_OWNER": plan.owner,
        "REPO_NAME": plan.repo,
    }


def _own_settings(plan: SpacePlan, process: Process, tokens: TokenSetup) -> dict[str, str]:
    """Return the settings that only this process needs."""
    ports = {name.upper(): str(port) for name, port in plan.ports.numbers.items()}
    servers = space_servers.addresses(plan.ports.numbers, plan.external)
    control = {"RUNTIME": supervisord_at(str(plan.state.socket))}
    reading = {"RUNTIME": supervisord_at(str(plan.state.read_socket))}
    following = reading | {"RUNTIME_EVENTS_SOCKET": str(plan.state.events_socket)}
    own_key = {RECORD_KEY: str(plan.state.record_key)}
    records = _only(plan.external.exports, RECORD_KEY) if OTLP in plan.external.addresses else own_key
    simple = {
        "chroma": {"ANONYMIZED_TELEMETRY": "False"},
        "warden": {"RUNTIME_READ_SOCKET": str(plan.state.read_socket)},
    }
    if process.name in simple:
        return simple[process.name]
    match process.name:
        case "telemetry":
            return ports | records | _dashboard(plan) | {"TELEMETRY_TOKENS_FILE": str(plan.state.telemetry_tokens)}
        case "forge":
            return ports | {"FORGE_SEED": str(plan.checkout)}
        case "brain":
            return _forge(plan, process, tokens) | following | _only(servers, JAEGER) | records
        case "fixer" | "deployer":
            return _forge(plan, process, tokens) | control | _polling(plan, process)
        case "dashboard":
            own = {"DASHBOARD_PORT": str(plan.ports.dashboard_port)}
            return _forge(plan, process, tokens) | reading | _only(servers, JAEGER, CHROMA) | own
        case "memory":
            return _forge(plan, process, tokens) | _only(servers, CHROMA)
        case "scout":
            own = _only(servers, JAEGER) | HOURS_ARE_MINUTES | _dashboard(plan)
            return _forge(plan, process, tokens) | following | records | own
        case "network":
            state = plan.state
            secret = {"NETWORK_SOCKET": str(state.network_socket), "NETWORK_SECRET_FILE": str(state.network_key)}
            return secret | {"NETWORK_LINKS": ",".join(map(_link, links(plan.application)))}
        case _:
            return ports


def _dashboard(plan: SpacePlan) -> dict[str, str]:
    """Return where people reach the dashboard, unless a person says it otherwise."""
    return {DASHBOARD_URL: plan.dashboard}


def _link(link: Link) -> str:
    return f"{link.name}={link.port}:{link.to}"


def _forge(plan: SpacePlan, process: Process, tokens: TokenSetup) -> dict[str, str]:
    """Return the address of the forge and the token of this process's own identity."""
    servers, login = space_servers.addresses(plan.ports.numbers, plan.external), LOGINS[process.name]
    token = {**tokens.forge, **plan.external.tokens}.get(login, "")
    return _only(servers, FORGE, space_servers.API) | {"GITHUB_PERSONAL_ACCESS_TOKEN": token}


def _polling(plan: SpacePlan, process: Process) -> dict[str, str]:
    """Return how often the deployer polls the space's own forge; nothing for others."""
    own = process.role is Role.DEPLOYER and FORGE not in plan.external.addresses
    return dict(DEPLOYER_POLL) if own else {}


def _only(values: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: values[name] for name in names if name in values}


def _personal_settings(plan: SpacePlan, process: Process) -> dict[str, str]:
    """Return the settings a person has made that this process receives; `up --dry-run` wins over DRY_RUN."""
    names = PASSED_SETTINGS.get(process.name, ())
    dry = {"DRY_RUN": "true"} if plan.dry_run and "DRY_RUN" in names else {}
    return {name: plan.variables[name] for name in names if plan.variables.get(name)} | dry
