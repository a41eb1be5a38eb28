"""The settings of every process: one frozen class per process, read from its environment and from `.env`.

`docs/settings.md` has one heading per variable; a test compares the two.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from sre_space.codec import addresses
from sre_space.codec.env_lines import EnvLines
from sre_space.domain.errors import Malformed

Url = Annotated[str, AfterValidator(addresses.http_url)]
OptionalUrl = Annotated[str, AfterValidator(addresses.optional(addresses.http_url))]
Endpoint = Annotated[str, AfterValidator(addresses.telemetry_endpoint)]
OptionalEndpoint = Annotated[str, AfterValidator(addresses.optional(addresses.telemetry_endpoint))]
Servers = Annotated[str, AfterValidator(addresses.bus_servers)]
OptionalServers = Annotated[str, AfterValidator(addresses.optional(addresses.bus_servers))]
Token = Annotated[str, AfterValidator(addresses.bearer_token)]
RepositoryPart = Annotated[str, AfterValidator(addresses.repository_part)]


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(frozen=True, extra="ignore", case_sensitive=False, allow_inf_nan=False)

    @classmethod
    def read(cls, lines: EnvLines = EnvLines()) -> Self:  # noqa: B008 - it is frozen
        """Read the environment, and below it what `.env` adds; `Malformed` names the variable, and the file's line."""
        given: dict[str, Any] = {
            name: lines.values[name.upper()] for name in cls.model_fields if name.upper() in lines.values
        }
        try:
            return cls(**given)
        except ValidationError as error:
            first = error.errors()[0]
            variable = str(first["loc"][0]).upper() if first["loc"] else "settings"
            told = f"{variable}: {_said(first['msg'])}; see docs/settings.md"
            raise Malformed(lines.told(told)) from error

    @classmethod
    def refuse_wrong(cls, values: Mapping[str, str]) -> None:
        """Raise `Malformed`, as `read` does, for a value by name that this class would not take."""
        for name, value in values.items():
            field = cls.model_fields[name.lower()]
            kind: TypeAdapter[Any] = TypeAdapter(
                Annotated[field.annotation, field],  # type: ignore[arg-type]  # a type that is made here
                config=ConfigDict(allow_inf_nan=False),
            )
            try:
                kind.validate_python(value)
            except ValidationError as error:
                told = _said(error.errors()[0]["msg"])
                raise Malformed(f"{name}: {told}; see docs/settings.md") from error

    def needed(self, name: str) -> str:
        """Return a setting that this process cannot do without; `Malformed` names it when it is not set."""
        value: str = getattr(self, name)
        if not value:
            told = type(self).model_fields[name].description
            raise Malformed(f"{name.upper()} is not set: {told}; see docs/settings.md")
        return value


def _said(message: str) -> str:
    """Return what a validator says, without pydantic's own words."""
    return message.removeprefix("Value error, ")


_RECORD_KEY = Field(None, description="the file with the key of the MAC of telemetry records on the bus")


class SpaceSettings(_Settings):
    """What every process of a space knows."""

    sre_space_state: Path = Field(
        Path.home() / ".local/state/sre-space", description="folder of a space's state, keys and logs"
    )
    sre_space_chart: Path = Field(Path("sre-space.yaml"), description="the patient's chart")
    kafka_bootstrap_servers: Servers = Field("127.0.0.1:9092", description="the event bus")
    otel_exporter_otlp_endpoint: Endpoint = Field("http://127.0.0.1:4317", description="where telemetry goes (gRPC)")


class BusSettings(SpaceSettings):
    """The embedded broker."""

    bus_port: int = Field(9092, ge=0, le=65535, description="port of the embedded Kafka broker")


class TelemetrySettings(SpaceSettings):
    """The embedded OTLP receiver and Jaeger query API."""

    otlp_grpc_port: int = Field(4317, ge=0, le=65535, description="OTLP over gRPC")
    otlp_http_port: int = Field(4318, ge=0, le=65535, description="OTLP over HTTP")
    jaeger_port: int = Field(16686, ge=0, le=65535, description="Jaeger query API")
    spans_max_bytes: int = Field(
        512 * 2**20, ge=16 * 2**20, description="when the spans take more bytes than this, the oldest are deleted"
    )
    spans_retention_seconds: int = Field(6 * 3600, ge=60, description="spans older than this are deleted")
    telemetry_tokens_file: Path | None = Field(
        None, description="who may send telemetry in whose name; without it anybody in any"
    )
    telemetry_record_key_file: Path | None = _RECORD_KEY


class ForgeServerSettings(SpaceSettings):
    """The embedded forge."""

    forge_port: int = Field(
        8010, ge=0, le=65535, description="port of the embedded forge (MCP over HTTP, Git over HTTP)"
    )
    repo_owner: RepositoryPart = Field("local", description="owner of the repository")
    repo_name: RepositoryPart = Field("cloud-insurance", description="name of the repository")
    forge_seed: Path | None = Field(None, description="checkout whose deploy/ becomes the first commit")
    required_checks: str = Field(
        "validate-config", description="checks, by commas, that must succeed before the embedded forge merges"
    )


class ForgeClientSettings(SpaceSettings):
    """What whoever asks the forge needs."""

    forge_url: Url = Field("http://127.0.0.1:8010/mcp", description="the forge's MCP endpoint")
    github_personal_access_token: Token = Field("", description="the bearer token of this identity", repr=False)
    github_api_url: OptionalUrl = Field(
        "", description="GitHub's REST API; default: beside FORGE_URL, as the embedded forge is"
    )
    repo_owner: RepositoryPart = Field("local", description="owner of the repository")
    repo_name: RepositoryPart = Field("cloud-insurance", description="name of the repository")
    poll_seconds: float = Field(
        1.0, gt=0, description="how often an agent polls the forge when no doorbell rings, and the deployer its main"
    )


class Agent(ForgeClientSettings):
    """What each agent needs to read and write incidents."""

    sre_notify_urls: str = Field("", description="whom to call when a person is needed: Apprise URLs", repr=False)
    otel_exporter_otlp_headers: str = Field("", description="headers of each export, which hold its token", repr=False)


class ScoutSettings(Agent):
    """Scout watches."""

    slo_window_scale: float = Field(
        1.0, gt=0, le=1, description="shortens the windows of the error budget's alerts; 1 is the Workbook's"
    )
    jaeger_url: Url = Field("http://127.0.0.1:16686", description="Jaeger's query API")
    telemetry_record_key_file: Path | None = _RECORD_KEY


class BrainSettings(Agent):
    """Brain diagnoses."""

    telemetry_record_key_file: Path | None = _RECORD_KEY
    jaeger_url: Url = Field("http://127.0.0.1:16686", description="Jaeger's query API")
    runtime_read_socket: str = Field("", description="the socket where the runtime tells the units, and nothing else")
    openai_api_key: str = Field(
        "", description="reserved for the optional language model; nothing reads it yet", repr=False
    )


class FixerSettings(Agent):
    """Fixer acts."""

    dry_run: bool = Field(False, description="Fixer asks everything, tells people what it would do, and does nothing")
    runtime_socket: str = Field("", description="the control socket of supervisord")


class MemorySettings(Agent):
    """Memory remembers."""

    chroma_url: Url = Field("http://127.0.0.1:8000", description="the Chroma server")


class NetworkSettings(SpaceSettings):
    """The network between the services of the embedded space."""

    policy_service_port: int = Field(8002, ge=0, le=65535, description="the port")
    user_service_port: int = Field(8003, ge=0, le=65535, description="the port")
    policy_service_link_port: int = Field(8102, ge=0, le=65535, description="where callers reach policy-service")
    user_service_link_port: int = Field(8103, ge=0, le=65535, description="where callers reach user-service")
    network_socket: Path | None = Field(None, description="where the network takes orders; none are taken without it")
    network_secret_file: Path | None = Field(None, description="the file with the secret that every order must tell")


class WardenSettings(ForgeClientSettings):
    """The warden enforces memory limits, deploys, and calls a person for a process that cannot start."""

    runtime_socket: str = Field("", description="the control socket of supervisord")
    sre_notify_urls: str = Field("", description="whom to call when a person is needed: Apprise URLs", repr=False)


def _token_of(who: str) -> str:
    return Field("", description=f"the bearer token of {who}, where it has one of its own", repr=False)


class CommandLineSettings(ForgeClientSettings):
    """`sre-space`: a server that is not named is the one of the space that runs in SRE_SPACE_STATE."""

    forge_url: OptionalUrl = Field("", description="the forge's MCP endpoint")
    kafka_bootstrap_servers: OptionalServers = Field("", description="the event bus")
    otel_exporter_otlp_endpoint: OptionalEndpoint = Field("", description="where telemetry goes (gRPC)")
    jaeger_url: OptionalUrl = Field("", description="Jaeger's query API")
    chroma_url: OptionalUrl = Field("", description="the Chroma server")
    runtime_socket: str = Field("", description="the control socket of supervisord")
    scout_github_personal_access_token: str = _token_of("Scout")
    brain_github_personal_access_token: str = _token_of("Brain")
    fixer_github_personal_access_token: str = _token_of("Fixer")
    memory_github_personal_access_token: str = _token_of("Memory")
    deployer_github_personal_access_token: str = _token_of("the deployer")

    def token_of(self, who: str) -> str:
        """Return the token of an agent or the deployer on a forge that is not the space's own; `Malformed`: none."""
        own: str = getattr(self, f"{who}_github_personal_access_token")
        return own or self.needed("github_personal_access_token")


PROCESSES: Mapping[str, type[SpaceSettings]] = {
    "bus": BusSettings,
    "telemetry": TelemetrySettings,
    "forge": ForgeServerSettings,
    "network": NetworkSettings,
    "scout": ScoutSettings,
    "brain": BrainSettings,
    "fixer": FixerSettings,
    "memory": MemorySettings,
    "warden": WardenSettings,
}
