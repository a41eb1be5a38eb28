"""Which servers a space starts, and which ones it finds elsewhere: decided from settings, once, by `up`."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sre_space.bootstrap.space.ports import HOST, Ports
from sre_space.domain.errors import Malformed
from sre_space.settings import CommandLineSettings

FORGE, API, BUS, OTLP, JAEGER, CHROMA = (
    "FORGE_URL", "GITHUB_API_URL", "KAFKA_BOOTSTRAP_SERVERS", "OTEL_EXPORTER_OTLP_ENDPOINT", "JAEGER_URL", "CHROMA_URL",
)  # fmt: skip
HEADERS, RECORD_KEY = "OTEL_EXPORTER_OTLP_HEADERS", "TELEMETRY_RECORD_KEY_FILE"
_PROCESS = {FORGE: "forge", BUS: "bus", JAEGER: "telemetry", CHROMA: "chroma"}
_PORTS = {
    FORGE: ("forge_port",),
    BUS: ("bus_port",),
    JAEGER: ("otlp_grpc_port", "otlp_http_port", "jaeger_port"),
    CHROMA: ("chroma_port",),
}


@dataclass(frozen=True)
class Elsewhere:
    """The servers that a space does not start itself: their addresses by the setting that names them.

    `tokens` are those of its agents and its deployer on a forge elsewhere, by login; `exports` is what they and the
    services need to send telemetry elsewhere, and to hear it.
    """

    addresses: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    exports: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def processes(self) -> frozenset[str]:
        """The processes of the embedded space that are not needed."""
        return frozenset(_PROCESS[name] for name in self.addresses if name in _PROCESS)

    @property
    def ports(self) -> frozenset[str]:
        """The ports that nobody of the space listens on."""
        return frozenset(port for name in self.addresses for port in _PORTS.get(name, ()))


NOWHERE = Elsewhere()


def elsewhere(settings: CommandLineSettings, told: Mapping[str, str], agents: Mapping[str, str]) -> Elsewhere:
    """Return what the settings name; `agents` are the logins on the forge, by agent (and deployer).

    `Malformed` names a setting that is missing beside another one: a token for the forge; and one process of the
    embedded space takes telemetry and tells traces, so both are elsewhere or none.
    """
    named = {name: str(getattr(settings, name.lower())).strip() for name in (FORGE, BUS, OTLP, JAEGER, CHROMA)}
    addresses = {name: address for name, address in named.items() if address}
    for given, missing in ((OTLP, JAEGER), (JAEGER, OTLP)):
        if given in addresses and missing not in addresses:
            told_ = f"{given} is set and {missing} is not: where telemetry is sent to, traces are read from"
            raise Malformed(f"{told_}; set both, or neither for those of the space itself")
    tokens = {login: settings.token_of(who) for who, login in agents.items()} if FORGE in addresses else {}
    if FORGE in addresses and settings.github_api_url:
        addresses[API] = settings.github_api_url
    exports = {name: told[name] for name in (HEADERS, RECORD_KEY) if told.get(name)} if OTLP in addresses else {}
    return Elsewhere(addresses, tokens, exports)


def addresses(ports: Ports | Mapping[str, int], away: Elsewhere) -> dict[str, str]:
    """Where every server is, by the setting that names it: elsewhere, or on a port of the space."""
    numbers = ports.numbers if isinstance(ports, Ports) else ports
    own = {
        FORGE: f"http://{HOST}:{numbers['forge_port']}/mcp",
        BUS: f"{HOST}:{numbers['bus_port']}",
        OTLP: f"http://{HOST}:{numbers['otlp_grpc_port']}",
        JAEGER: f"http://{HOST}:{numbers['jaeger_port']}",
        CHROMA: f"http://{HOST}:{numbers['chroma_port']}",
    }
    return own | dict(away.addresses)
