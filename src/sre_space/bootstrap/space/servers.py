"""Which servers a space starts, and which are external: decided from the settings, once, by `up`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sre_space.domain.errors import Malformed
from sre_space.settings import CommandLineSettings

HOST = "127.0.0.1"
FORGE, API, BUS, OTLP, JAEGER, CHROMA = (
    "FORGE_URL", "GITHUB_API_URL", "KAFKA_BOOTSTRAP_SERVERS", "OTEL_EXPORTER_OTLP_ENDPOINT", "JAEGER_URL", "CHROMA_URL",
)  # fmt: skip
HEADERS, RECORD_KEY = "OTEL_EXPORTER_OTLP_HEADERS", "TELEMETRY_RECORD_KEY_FILE"
DASHBOARD_PORT = "dashboard_port"
_PROCESS = {FORGE: "forge", BUS: "bus", JAEGER: "telemetry", CHROMA: "chroma"}
PORTS = {
    FORGE: ("forge_port",),
    BUS: ("bus_port",),
    JAEGER: ("otlp_grpc_port", "otlp_http_port", "jaeger_port"),
    CHROMA: ("chroma_port",),
}


@dataclass(frozen=True)
class ExternalServers:
    """The external servers, which a space does not start itself: their addresses by the setting that names them.

    `tokens` are those of the agents and the deployer on an external forge, by login; `exports` are the settings with
    which processes send telemetry to an external receiver and verify it.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    exports: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def processes(self) -> frozenset[str]:
        """Return the processes of the embedded space that are not started."""
        return frozenset(_PROCESS[name] for name in self.addresses if name in _PROCESS)

    @property
    def ports(self) -> frozenset[str]:
        """Return the names of the ports that no process of the space listens on."""
        return frozenset(port for name in self.addresses for port in PORTS.get(name, ()))


NO_EXTERNAL_SERVERS = ExternalServers()


def external_servers(
    settings: CommandLineSettings, values: Mapping[str, str], agents: Mapping[str, str]
) -> ExternalServers:
    """Return the servers that the settings name; `agents` are the logins on the forge by agent (and deployer).

    Raise `Malformed` when a setting requires another one: FORGE_URL a token; and, as one process of the embedded space
    receives telemetry and serves traces, both of their addresses or neither.
    """
    named = {name: str(getattr(settings, name.lower())).strip() for name in (FORGE, BUS, OTLP, JAEGER, CHROMA)}
    addresses = {name: address for name, address in named.items() if address}
    for given, missing in ((OTLP, JAEGER), (JAEGER, OTLP)):
        if given in addresses and missing not in addresses:
            message = f"{given} is set and {missing} is not: traces are read from where telemetry is sent"
            raise Malformed(f"{message}; set both, or neither to use the space's own")
    tokens = {login: settings.token_of(agent) for agent, login in agents.items()} if FORGE in addresses else {}
    if FORGE in addresses and settings.github_api_url:
        addresses[API] = settings.github_api_url
    exports = {name: values[name] for name in (HEADERS, RECORD_KEY) if values.get(name)} if OTLP in addresses else {}
    return ExternalServers(addresses, tokens, exports)


def addresses(ports: Mapping[str, int], external: ExternalServers) -> dict[str, str]:
    """Return the address of every server by the setting that names it: an external one, or a port of the space."""
    own = {
        FORGE: f"http://{HOST}:{ports['forge_port']}/mcp",
        BUS: f"{HOST}:{ports['bus_port']}",
        OTLP: f"http://{HOST}:{ports['otlp_grpc_port']}",
        JAEGER: f"http://{HOST}:{ports['jaeger_port']}",
        CHROMA: f"http://{HOST}:{ports['chroma_port']}",
    }
    return own | dict(external.addresses)
