"""What `sre-space up` is to start: from its options, the environment, and `.env` beside the configuration."""

from collections.abc import Mapping
from pathlib import Path

from sre_space.bootstrap.space.environment import SpacePlan
from sre_space.bootstrap.space.ports import Ports
from sre_space.bootstrap.space.processes import DEPLOYS, LOGINS
from sre_space.bootstrap.space.servers import elsewhere
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.addresses import repository_part
from sre_space.domain.errors import Malformed
from sre_space.env_file import Environment, beside
from sre_space.settings import CommandLineSettings

WHO: Mapping[str, str] = {"deployer" if name == DEPLOYS else name: login for name, login in LOGINS.items()}


def plan_of(state: Path, free_ports: bool, chart: Path, dry_run: bool) -> tuple[SpacePlan, Environment]:
    """Return it, and what a person has set; `Malformed` names a setting, with its line where `.env` has it."""
    told = beside(chart)
    with told.placing():
        ports = Ports.free_block() if free_ports else Ports.from_environment(told.values)
        owner, repo = _name(told, "REPO_OWNER", "local"), _name(told, "REPO_NAME", "cloud-insurance")
        away = elsewhere(CommandLineSettings.read(told.lines), told.values, WHO)
    return SpacePlan(SpaceState(state.resolve()), ports, chart.resolve(), owner, repo, dry_run, told.values, away), told


def _name(told: Environment, variable: str, default: str) -> str:
    """A part of a repository's name, which is a folder too."""
    try:
        return repository_part(told.values.get(variable) or default)
    except ValueError as error:
        raise Malformed(f"{variable}: {error}") from error
