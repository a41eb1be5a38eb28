"""The connections of the command line: to the servers that settings name, else to those of the running space."""

import os
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

from sre_space.adapters.config_file import read_config
from sre_space.adapters.not_set import HistoryNotSet, RuntimeNotSet, TracesNotSet
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.deploying import deployer
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.runtime import as_run, runtime_of
from sre_space.bootstrap.space import servers as space_servers
from sre_space.bootstrap.space.addresses import config_environment
from sre_space.bootstrap.space.servers import BUS, CHROMA, FORGE, JAEGER, ExternalServers
from sre_space.bootstrap.space.state import Running, SpaceState, running_space
from sre_space.bootstrap.trace_store import trace_store_of
from sre_space.codec.env_lines import CONFIG_SETTING
from sre_space.deployment.deploy import Deployer
from sre_space.domain.errors import Malformed
from sre_space.domain.space_config import SpaceConfig
from sre_space.env_file import Environment, environment_beside
from sre_space.identities import token_of
from sre_space.ports.bus import History
from sre_space.ports.runtime import Runtime
from sre_space.ports.traces import Traces
from sre_space.settings import CommandLineSettings, supervisord_at

OPERATOR = "operator"
NOTHING_SET = CommandLineSettings.model_construct()
HERE = Path("sre-space.yaml")


def configured_environment(state: SpaceState) -> tuple[Environment, Path]:
    """Return the settings a person has made, and the path of the configuration whose folder may hold `.env`.

    The configuration is that of the space running here, else what SRE_SPACE_CHART names, else ./sre-space.yaml.
    """
    running = state.record()
    configured = running.chart if running is not None and running.alive else os.environ.get(CONFIG_SETTING)
    config_path = Path(configured or HERE)
    return environment_beside(config_path), config_path


def is_elsewhere(state: SpaceState) -> bool:
    """Return True when no space runs here and FORGE_URL names a forge."""
    environment, _ = configured_environment(state)
    running = state.record()
    return bool(CommandLineSettings.read(environment.lines).forge_url) and not (running is not None and running.alive)


@dataclass(frozen=True)
class Connections:
    """The connections of one command; `running` is the space of the state folder, None where none runs."""

    state: SpaceState
    settings: CommandLineSettings
    running: Running | None
    config_path: Path

    @classmethod
    def of(
        cls, state: SpaceState, settings: CommandLineSettings = NOTHING_SET, config_path: Path = HERE
    ) -> "Connections":
        """Return the connections; raise `NotRunning` when no space runs here and FORGE_URL names no forge."""
        if settings.forge_url:
            recorded = state.record()
            running = recorded if recorded is not None and recorded.alive else None
        else:
            running = running_space(state)
        return cls(state, settings, running, Path(running.chart) if running else config_path)

    def forge(self) -> ForgeAccess:
        """Return the operator's access to the forge; raise `Malformed` when an external forge has no token."""
        settings, url = self.settings, self.address(FORGE)
        if self.running is not None and self.has_own_forge:
            owner, _, repo = self.running.repository.partition("/")
            token = token_of(self.state.identities, OPERATOR)
            return ForgeAccess(url, token, owner, repo)
        owner, repo = settings.repo_owner, settings.repo_name
        if self.running is not None and not settings.forge_url:
            owner, _, repo = self.running.repository.partition("/")
        token = settings.needed("github_personal_access_token")
        return ForgeAccess(url, token, owner, repo, settings.github_api_url or self._recorded(space_servers.API))

    @property
    def has_own_forge(self) -> bool:
        """Return True when the running space's own forge is used, whose accounts are in the state folder."""
        return self.running is not None and not self._is_named(FORGE)

    def config(self) -> SpaceConfig:
        """Return the configuration of the running space, or the one at `chart_path` where none runs."""
        if self.running is None:
            config = read_config(self.config_path)
        else:
            servers = ExternalServers(self.running.servers)
            config = read_config(self.config_path, config_environment(self.running.ports, servers))
        return as_run(config, self.settings.runtime_address)

    def traces(self) -> Traces:
        """Return the trace store; where none is configured, one whose queries raise with the missing setting."""
        url = self.address(JAEGER)
        return trace_store_of(url) if url else TracesNotSet(self._unset("jaeger_url"))

    @property
    def no_runtime(self) -> str:
        """Return why no runtime is available (a missing setting); "" when one is configured or a space runs here."""
        return "" if self._runtime_address else self._unset("runtime")

    def runtime(self, config: SpaceConfig) -> Runtime:
        """Return the runtime; where none is configured, one whose calls raise with the missing setting."""
        address = self._runtime_address
        return runtime_of(address, config, self.state) if address else RuntimeNotSet(self.no_runtime)

    @property
    def _runtime_address(self) -> str:
        return self.settings.runtime_address or (supervisord_at(self.running.socket) if self.running else "")

    def deployer(self) -> AbstractAsyncContextManager[Deployer]:
        """Return the deployer of this state folder; its connections close with the context."""
        config = self.config()
        return deployer(self.state, config, self.forge(), self.runtime(config), self.bus())

    def chroma(self) -> str:
        """Return the address of the Chroma server; raise `Malformed` where none is configured."""
        return self.address(CHROMA) or self.settings.needed("chroma_url")

    def bus(self) -> str:
        """Return the address of the bus; "" where none is configured."""
        return self.address(BUS)

    def history(self) -> History:
        """Return the reader of the bus; where none is configured, one whose queries raise with the missing setting."""
        return Bus.of(self.bus()).history() if self.bus() else HistoryNotSet(self._unset("kafka_bootstrap_servers"))

    def address(self, name: str) -> str:
        """Return the address from the setting `name`, else of the running space's server; "" when there is neither."""
        configured = str(getattr(self.settings, name.lower()))
        if configured or self.running is None:
            return configured
        return space_servers.addresses(self.running.ports, ExternalServers(self.running.servers))[name]

    def _is_named(self, name: str) -> bool:
        """Return True for a server that the running space did not start itself."""
        return bool(getattr(self.settings, name.lower()) or self._recorded(name))

    def _recorded(self, name: str) -> str:
        return self.running.servers.get(name, "") if self.running else ""

    def _unset(self, name: str) -> str:
        try:
            return self.settings.needed(name)
        except Malformed as error:
            return str(error)
