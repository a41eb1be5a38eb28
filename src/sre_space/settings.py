"""The settings of every agent, the deployer and the command line: one frozen class per process.

They are read from the environment and from `.env`.

`docs/settings.md` has one heading per variable; a test compares the two.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sre_space.environment import EnvironmentSettings
from sre_space.setting_types import (
    ComposeName,
    DockerAddress,
    Endpoint,
    ListenAddress,
    OptionalEndpoint,
    OptionalServers,
    OptionalUrl,
    RepositoryPart,
    Servers,
    Token,
    Url,
)

REPO_OWNER, REPO_NAME = "local", "cloud-insurance"  # of the embedded forge, where nothing else is set
RECORD_KEY_FILE = Field(None, description="the file with the key of the MAC of telemetry records on the bus")


class SpaceSettings(EnvironmentSettings):
    """The settings that every process of a space reads."""

    sre_space_state: Path = Field(
        Path.home() / ".local/state/sre-space", description="folder of a space's state, keys and logs"
    )
    sre_space_chart: Path = Field(
        Path("sre-space.yaml"), description="the configuration of the application and its agents"
    )
    kafka_bootstrap_servers: Servers = Field("127.0.0.1:9092", description="the event bus")
    otel_exporter_otlp_endpoint: Endpoint = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")


class ForgeClientSettings(SpaceSettings):
    """The settings of every client of the forge."""

    forge_url: Url = Field("http://127.0.0.1:8010/mcp", description="the forge's MCP endpoint")
    github_personal_access_token: Token = Field("", description="the bearer token of this identity", repr=False)
    github_api_url: OptionalUrl = Field(
        "", description="GitHub's REST API; default: beside FORGE_URL, as the embedded forge is"
    )
    repo_owner: RepositoryPart = Field(REPO_OWNER, description="owner of the repository")
    repo_name: RepositoryPart = Field(REPO_NAME, description="name of the repository")
    poll_seconds: float = Field(
        1.0,
        gt=0,
        description="seconds between polls of the forge, by an agent without wake-up messages and by the deployer",
    )


class AgentSettings(ForgeClientSettings):
    """The settings that every agent reads."""

    sre_notify_urls: str = Field("", description="where to page when a person is needed: Apprise URLs", repr=False)
    otel_exporter_otlp_headers: str = Field("", description="headers of each export, which hold its token", repr=False)

    @property
    def runtime_address(self) -> str:
        """Return the address of the runtime; "" for an agent that has none."""
        return ""


def supervisord_at(socket: str) -> str:
    """Return the address of the supervisord at a socket (a path), as RUNTIME says it; "" for ""."""
    return f"supervisord://{socket}" if socket else ""


class ControlSettings(EnvironmentSettings):
    """The settings of who restarts units."""

    runtime: str = Field("", description="the runtime that runs the units, such as supervisord://SOCKET, or none")
    runtime_socket: str = Field("", description="the control socket of supervisord, where RUNTIME is not set")

    @property
    def runtime_address(self) -> str:
        """Return the address of the runtime; "" where none is set."""
        return self.runtime or supervisord_at(self.runtime_socket)


class ReadingSettings(EnvironmentSettings):
    """The settings of who only reads units."""

    runtime: str = Field("", description="the runtime that runs the units, such as supervisord://SOCKET, or none")
    runtime_read_socket: str = Field("", description="supervisord's read-only socket, where RUNTIME is not set")
    runtime_events_socket: str = Field("", description="the socket on which supervisord sends starts and ends of units")

    @property
    def runtime_address(self) -> str:
        """Return the address of the runtime's door that can only be read; "" where none is set."""
        return self.runtime or supervisord_at(self.runtime_read_socket)

    @property
    def runtime_events_address(self) -> str:
        """Return the address of the runtime's starts and ends; "" where it sends none."""
        is_supervisord = self.runtime_address.startswith(supervisord_at("/"))
        return supervisord_at(self.runtime_events_socket) if is_supervisord else self.runtime_address


class ScoutSettings(ReadingSettings, AgentSettings):
    """The settings of Scout, which detects and verifies."""

    slo_window_scale: float = Field(
        1.0,
        gt=0,
        le=1,
        description="factor that shortens the windows of the burn-rate alerts; 1 keeps those of the SRE Workbook",
    )
    jaeger_url: Url = Field("http://127.0.0.1:16686", description="Jaeger's query API")
    sre_dashboard_url: OptionalUrl = Field(
        "", description="where people reach the dashboard; issues and calls then have a link to the incident there"
    )
    dashboard_jaeger_url: OptionalUrl = Field("", description="Jaeger's page for people, where it has one")
    telemetry_record_key_file: Path | None = RECORD_KEY_FILE

    @property
    def traces_page(self) -> str:
        """Return where people look at traces besides the dashboard; "" where there is no such page."""
        return self.dashboard_jaeger_url or ("" if self.sre_dashboard_url else self.jaeger_url)


class BundleSettings(EnvironmentSettings):
    """How long the examined data of incidents is kept."""

    bundles_kept_days: float = Field(90, gt=0, le=36_500, description="days for which an incident's bundle is kept")
    bundles_max_bytes: int = Field(
        2_000_000_000, ge=10**6, description="when the bundles take more bytes than this, the oldest are deleted"
    )


class BrainSettings(ReadingSettings, BundleSettings, AgentSettings):
    """The settings of Brain, which diagnoses and decides."""

    telemetry_record_key_file: Path | None = RECORD_KEY_FILE
    jaeger_url: Url = Field("http://127.0.0.1:16686", description="Jaeger's query API")
    openai_api_key: str = Field(
        "", description="reserved for the optional language model; nothing reads it yet", repr=False
    )


class FixerSettings(ControlSettings, AgentSettings):
    """The settings of Fixer, which acts."""

    dry_run: bool = Field(
        False, description="Fixer evaluates every guardrail, tells people what it would do, and changes nothing"
    )


class MemorySettings(AgentSettings):
    """The settings of Memory, which recalls and learns."""

    chroma_url: Url = Field("http://127.0.0.1:8000", description="the Chroma server")


def _base_path(text: str) -> str:
    """Return a path without a slash at its end; raise `ValueError` for anything else."""
    path = text.strip().rstrip("/")
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise ValueError("a path begins with / and has letters, digits and . _ ~ - between slashes, as in /sre")
    return path


class DashboardSettings(ReadingSettings, BundleSettings, ForgeClientSettings):
    """The settings of the dashboard, which shows, and signs orders with the keys that people's tokens unlock."""

    dashboard_host: str = Field("127.0.0.1", description="the address that it listens on")
    dashboard_port: int = Field(3000, ge=1, le=65535, description="the port that it listens on")
    dashboard_base_path: Annotated[str, AfterValidator(_base_path)] = Field(
        "", description="the path below which a reverse proxy serves it, as in /sre"
    )
    dashboard_hosts: str = Field("", description="further names under which browsers reach it, with commas")
    dashboard_trusted_proxies: str = Field(
        "", description="networks of reverse proxies whose X-Forwarded-Host and -Proto count, with commas"
    )
    dashboard_open_to_readers: bool = Field(
        False, description="beyond loopback, answer reads without a token too; orders always need one"
    )
    dashboard_jaeger_url: OptionalUrl = Field("", description="Jaeger's page for people, where it has one")
    jaeger_url: OptionalUrl = Field("http://127.0.0.1:16686", description="Jaeger's query API")
    chroma_url: OptionalUrl = Field("http://127.0.0.1:8000", description="the Chroma server")
    dry_run: bool = Field(
        False, description="Fixer evaluates every guardrail, tells people what it would do, and changes nothing"
    )


class DeployerSettings(ControlSettings, ForgeClientSettings):
    """The settings of the deployer, which applies main."""


def _token_of(owner: str) -> str:
    return Field("", description=f"the bearer token of {owner}, where it has its own", repr=False)


class CommandLineSettings(ControlSettings, ForgeClientSettings):
    """The settings of `sre-space`; a server that none names is that of the space running in SRE_SPACE_STATE."""

    forge_url: OptionalUrl = Field("", description="the forge's MCP endpoint")
    kafka_bootstrap_servers: OptionalServers = Field("", description="the event bus")
    otel_exporter_otlp_endpoint: OptionalEndpoint = Field("", description="where telemetry goes (gRPC)")
    jaeger_url: OptionalUrl = Field("", description="Jaeger's query API")
    chroma_url: OptionalUrl = Field("", description="the Chroma server")
    sre_space_processes: str = Field(
        "", description="the file of the processes that `sre-space up` starts, seen from the configuration's folder"
    )
    scout_github_personal_access_token: str = _token_of("Scout")
    brain_github_personal_access_token: str = _token_of("Brain")
    fixer_github_personal_access_token: str = _token_of("Fixer")
    memory_github_personal_access_token: str = _token_of("Memory")
    deployer_github_personal_access_token: str = _token_of("the deployer")
    dashboard_github_personal_access_token: str = _token_of("the dashboard")

    def token_of(self, owner: str) -> str:
        """Return the token of one of our own logins on an external forge; raise `Malformed` when none is set."""
        own: str = getattr(self, f"{owner}_github_personal_access_token")
        return own or self.needed("github_personal_access_token")


class DockerProxySettings(SpaceSettings):
    """The settings of a proxy in front of Docker's socket."""

    docker_proxy_door: Literal["", "reading", "acting", "chaos"] = Field(
        "",
        description="which proxy this is: `reading`; `acting`, which restarts and changes limits; or `chaos`, which "
        "kills, stops, starts, pauses and changes limits",
    )
    docker_proxy_project: ComposeName = Field("", description="the Compose project whose containers it shows")
    docker_proxy_services: str = Field("", description="the services that this proxy may change, by commas")
    docker_proxy_hosts: str = Field("", description="the names by which clients reach this proxy, by commas")
    docker_proxy_listen: ListenAddress = Field("127.0.0.1:2375", description="where this proxy listens")
    docker_proxy_engine: DockerAddress = Field(
        "unix:///var/run/docker.sock", description="the engine's address: a Unix socket or a TCP address"
    )
    docker_proxy_user: int = Field(
        0, ge=0, lt=2**31, description="the user (a number) that it becomes when it is started as root; 0: none"
    )
    docker_proxy_max_memory_bytes: int = Field(
        2 * 2**30, ge=16 * 2**20, le=2**60, description="the largest memory limit that the acting proxy sets"
    )


PROCESSES: Mapping[str, type[SpaceSettings]] = {
    "scout": ScoutSettings,
    "brain": BrainSettings,
    "fixer": FixerSettings,
    "memory": MemorySettings,
    "deployer": DeployerSettings,
    "dashboard": DashboardSettings,
}
