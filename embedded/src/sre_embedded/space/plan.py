"""The plan of what `sre-space up` starts: from its options, the environment, and `.env` next to the configuration."""

from pathlib import Path

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import Ports
from sre_embedded.space.processes import LOGINS
from sre_space.bootstrap.space.servers import external_servers
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.addresses import repository_part
from sre_space.domain.errors import Malformed
from sre_space.env_file import Environment, environment_beside
from sre_space.settings import CommandLineSettings


def plan_of(state: Path, free_ports: bool, config_path: Path, dry_run: bool) -> tuple[SpacePlan, Environment]:
    """Return the plan and the settings a person has made; raise `Malformed` with an invalid one and its line."""
    environment = environment_beside(config_path)
    with environment.locating_errors():
        ports = Ports.free_block() if free_ports else Ports.from_environment(environment.values)
        if not (free_ports or environment.values.get("DASHBOARD_PORT")):
            ports = ports.with_free_dashboard()
        owner, repo = _name(environment, "REPO_OWNER", "local"), _name(environment, "REPO_NAME", "cloud-insurance")
        external = external_servers(CommandLineSettings.read(environment.lines), environment.values, LOGINS)
    return SpacePlan(
        SpaceState(state.resolve()), ports, config_path.resolve(), owner, repo, dry_run, environment.values, external
    ), environment


def _name(environment: Environment, variable: str, default: str) -> str:
    """Return the repository's owner or name from its variable; raise `Malformed` when it is not valid."""
    try:
        return repository_part(environment.values.get(variable) or default)
    except ValueError as error:
        raise Malformed(f"{variable}: {error}") from error
