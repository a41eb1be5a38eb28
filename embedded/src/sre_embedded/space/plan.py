"""The plan of what a space starts: from options, the environment, `.env` and `processes.yaml` by the configuration."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import SERVERS, Ports
from sre_embedded.space.process_file import ProcessFile
from sre_embedded.space.processes import LOGINS, Process
from sre_space.bootstrap.space.addresses import addresses
from sre_space.bootstrap.space.servers import NO_EXTERNAL_SERVERS, ExternalServers, external_servers
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.addresses import repository_part
from sre_space.domain.errors import Malformed
from sre_space.env_file import Environment, environment_beside
from sre_space.settings import REPO_NAME, REPO_OWNER, CommandLineSettings


def plan_of(state: Path, free_ports: bool, config_path: Path, dry_run: bool) -> tuple[SpacePlan, Environment]:
    """Return the plan and the settings a person has made; raise `Malformed` with an invalid one and its line."""
    environment = environment_beside(config_path)
    with environment.locating_errors():
        external = external_servers(CommandLineSettings.read(environment.lines), environment.values, LOGINS)
        plan = _Planner(config_path, environment.values, external).plan(state, free_ports)
    return replace(plan, dry_run=dry_run), environment


def separate_plan(state: Path, config_path: Path) -> SpacePlan:
    """Return the plan of a space beside others: on free ports, with all of its own servers."""
    return _Planner(config_path, os.environ).plan(state, free_ports=True)


@dataclass(frozen=True)
class _Planner:
    """What a space is planned from; `settings` are what a person has set, by variable."""

    config_path: Path
    settings: Mapping[str, str]
    external: ExternalServers = NO_EXTERNAL_SERVERS

    def plan(self, state: Path, free_ports: bool) -> SpacePlan:
        """Return the plan of a space in a state folder."""
        file = ProcessFile.beside(self.config_path, self.settings, [name.upper() for name in SERVERS])
        declared = self._declared(file) if file else {}
        ports = Ports.free_block(declared) if free_ports else Ports.from_environment(self.settings, declared)
        if not (free_ports or self.settings.get("DASHBOARD_PORT")):
            ports = ports.with_free_dashboard()
        own = SpaceState(state.resolve())
        plan = SpacePlan(
            own,
            ports,
            self.config_path.resolve(),
            self._part("REPO_OWNER", REPO_OWNER),
            self._part("REPO_NAME", REPO_NAME),
            variables=dict(self.settings),
            external=self.external,
        )
        if file is None:
            return plan
        return replace(plan, application=self._processes(file, ports, own))

    def _declared(self, file: ProcessFile) -> Mapping[str, int]:
        """Return the ports of a file without mistakes by variable: these are told before mistakes in the settings."""
        declared = file.ports(self.settings)
        usual = Ports.of({name.lower(): number for name, number in declared.items()})
        self._processes(file, usual, SpaceState(Path()))
        return declared

    def _processes(self, file: ProcessFile, ports: Ports, state: SpaceState) -> tuple[Process, ...]:
        given = addresses(ports.numbers, self.external)
        return file.processes(self.settings, given, ports.numbers, state.apps)

    def _part(self, variable: str, default: str) -> str:
        """Return the repository's owner or name from its variable; raise `Malformed` when it is not valid."""
        try:
            return repository_part(self.settings.get(variable) or default)
        except ValueError as error:
            raise Malformed(f"{variable}: {error}") from error
