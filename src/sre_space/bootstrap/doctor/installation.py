"""What `sre-space doctor` looks at: a running space, or an installation that settings describe.

Who is here is told by the private keys in the state folder: all in an embedded space, one in a container.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sre_space.bootstrap.connections import Connections
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.space.names import AGENTS, SIGNERS
from sre_space.bootstrap.space.servers import BUS, CHROMA, FORGE, JAEGER, OTLP
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.variables import parse_variables
from sre_space.domain.space_config import SpaceConfig
from sre_space.identities import token_of
from sre_space.settings import BrainSettings, MemorySettings, supervisord_at

DEPLOYER, OPERATOR = "deployer", "operator"
USED_BY: Mapping[str, Collection[str]] = {  # which server which owner of a key uses
    FORGE: (*AGENTS, OPERATOR),
    BUS: (*AGENTS, OPERATOR),
    OTLP: AGENTS,
    JAEGER: ("brain", OPERATOR),
    CHROMA: ("memory",),
}
HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"


@dataclass(frozen=True)
class Installation:
    """One installation: its connections, its configuration, and the settings of this process by variable."""

    connections: Connections
    config: SpaceConfig
    values: Mapping[str, str]

    @property
    def state(self) -> SpaceState:
        """Return the state folder."""
        return self.connections.state

    @property
    def owners(self) -> tuple[str, ...]:
        """Return the owners of the private keys that are here; all, when there is none."""
        return tuple(name for name in SIGNERS if self.state.key(name).exists()) or SIGNERS

    def addresses(self) -> Mapping[str, str]:
        """Return the address of each server that somebody here uses, by its setting; an agent's default where unset."""
        used = [name for name, users in USED_BY.items() if set(users) & set(self.owners)]
        return {name: self.connections.address(name) or _default(name) for name in used}

    @property
    def export_headers(self) -> str:
        """Return the headers with which an agent here sends its telemetry."""
        if self.connections.running is None:
            return self.values.get(HEADERS, "")
        path = self.state.environment(AGENTS[0])
        return parse_variables(path.read_text(), str(path)).get(HEADERS, "") if path.exists() else ""

    @property
    def acting(self) -> str:
        """Return the address of the runtime through which Fixer or the operator acts; "" for none."""
        running, settings = self.connections.running, self.connections.settings
        return settings.runtime_address or (supervisord_at(running.socket) if running else "")

    @property
    def reading(self) -> str:
        """Return where a running space's Scout and Brain read the runtime; "" for no other address than RUNTIME's."""
        running, settings = self.connections.running, self.connections.settings
        return supervisord_at(str(self.state.read_socket)) if running and not settings.runtime_address else ""

    @property
    def acts(self) -> bool:
        """Return True when somebody here changes units."""
        return bool({"fixer", OPERATOR} & set(self.owners))

    def accesses(self) -> Mapping[ForgeAccess, tuple[str, ...]]:
        """Return the owners of each token that is here, by the access that it gives; raise `Malformed` without one."""
        access = self.connections.forge()
        agents = tuple(name for name in self.owners if name in AGENTS)
        owners = (*agents, DEPLOYER) if agents == AGENTS else agents
        found: dict[ForgeAccess, tuple[str, ...]] = {}
        for owner in owners:
            one = ForgeAccess(access.url, self._token(owner), access.owner, access.repo, access.api)
            found[one] = (*found.get(one, ()), owner)
        return found or {access: (OPERATOR,)}

    def _token(self, owner: str) -> str:
        if self.connections.has_own_forge:
            return token_of(self.state.identities, f"sre-{owner}")
        return self.connections.settings.token_of(owner)


def _default(name: str) -> str:
    """Return the address that an agent uses where the setting `name` is not set."""
    settings = MemorySettings if name == CHROMA else BrainSettings
    return str(settings.model_fields[name.lower()].default)
