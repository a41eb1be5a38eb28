"""The settings of the embedded servers: one frozen class per process, read from its environment and from `.env`."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from sre_space import settings
from sre_space.setting_types import OptionalServers, OptionalUrl, RepositoryPart, Url
from sre_space.settings import (
    RECORD_KEY_FILE,
    REPO_NAME,
    REPO_OWNER,
    SpaceSettings,
)


class ListeningSettings(SpaceSettings):
    """The settings of a server that others reach over TCP."""

    listen_host: str = Field(
        "127.0.0.1", description="the address on which it listens; another than loopback only in a container's network"
    )
    allowed_hosts: str = Field("127.0.0.1,localhost", description="host names that the service answers to")


class BusSettings(ListeningSettings):
    """The settings of the embedded Kafka broker."""

    bus_port: int = Field(9092, ge=0, le=65535, description="port of the embedded Kafka broker")
    bus_network_address: OptionalServers = Field(
        "", description="host and port, such as kafka:19092, by which containers reach the bus, beside BUS_PORT"
    )


class TelemetrySettings(ListeningSettings):
    """The settings of the embedded OTLP receiver and Jaeger query API."""

    otlp_grpc_port: int = Field(4317, ge=0, le=65535, description="OTLP over gRPC")
    otlp_http_port: int = Field(4318, ge=0, le=65535, description="OTLP over HTTP")
    jaeger_port: int = Field(16686, ge=0, le=65535, description="Jaeger query API")
    spans_max_bytes: int = Field(
        512 * 2**20, ge=16 * 2**20, description="when the spans take more bytes than this, the oldest are deleted"
    )
    spans_retention_seconds: int = Field(6 * 3600, ge=60, description="spans older than this are deleted")
    sre_dashboard_url: OptionalUrl = Field(
        "", description="where people reach the dashboard, to which the pages of traces lead"
    )
    telemetry_tokens_file: Path | None = Field(
        None,
        description="which token may send telemetry for which services; without it any sender may, for any service",
    )
    telemetry_record_key_file: Path | None = RECORD_KEY_FILE


class ForgeServerSettings(ListeningSettings):
    """The settings of the embedded forge."""

    forge_port: int = Field(
        8010, ge=0, le=65535, description="port of the embedded forge (MCP over HTTP, Git over HTTP)"
    )
    repo_owner: RepositoryPart = Field(REPO_OWNER, description="owner of the repository")
    repo_name: RepositoryPart = Field(REPO_NAME, description="name of the repository")
    forge_seed: Path | None = Field(None, description="checkout whose deploy/ becomes the first commit")
    required_checks: str = Field(
        "validate-config", description="comma-separated checks that must succeed before the embedded forge merges"
    )


class NetworkSettings(SpaceSettings):
    """The settings of the network between the services."""

    listen_host: str = Field(
        "127.0.0.1", description="the address on which it listens; another than loopback only in a container's network"
    )
    network_links: str = Field(
        "",
        description="the links, as `NAME=PORT:TO` or `NAME=PORT:HOST:TO`, comma-separated: each listens on PORT and "
        "leads to the port TO, of this machine or of HOST",
    )
    network_socket: Path | None = Field(
        None, description="the socket on which the network takes commands; without it none are taken"
    )
    network_secret_file: Path | None = Field(None, description="the file with the secret that every command must carry")


class ContainersSettings(SpaceSettings):
    """The settings of the process that makes the keys and secrets of a space of containers."""

    forge_url: Url = Field("http://127.0.0.1:8010/mcp", description="the forge's MCP endpoint")
    repo_owner: RepositoryPart = Field(REPO_OWNER, description="owner of the repository")
    repo_name: RepositoryPart = Field(REPO_NAME, description="name of the repository")
    containers_folder: Path = Field(Path("/containers"), description="the folder with a folder for each container")
    containers_application: str = Field("", description="the application's containers that send telemetry, by commas")
    containers_databases: str = Field("", description="those of them that have a database, by commas")
    containers_database_server: str = Field(
        "database:5432", description="host and port of the server of their databases"
    )
    containers_database_variable: str = Field(
        "", description="the variable that tells a container where its database is"
    )
    containers_chaos: str = Field("", description="the container that injects faults; without it none has their rights")


class WardenSettings(SpaceSettings):
    """The settings of the warden, which enforces memory limits, and pages for crash loops."""

    runtime_read_socket: str = Field(
        "", description="the read-only socket of the runtime: it lists the units and takes no command"
    )
    sre_notify_urls: str = Field("", description="where to page when a person is needed: Apprise URLs", repr=False)


PROCESSES: Mapping[str, type[SpaceSettings]] = {
    "bus": BusSettings,
    "telemetry": TelemetrySettings,
    "forge": ForgeServerSettings,
    "network": NetworkSettings,
    **settings.PROCESSES,
    "warden": WardenSettings,
}
