"""The process that makes keys and secrets of all containers, and ends: `python -m sre_embedded.bootstrap.containers`.

It also writes the desired state that the services start with before the first deployment, as `sre-space up` does.
"""

import logging
import sys

from sre_embedded.settings import ContainersSettings as Settings
from sre_embedded.space.containers import Containers
from sre_embedded.space.deployed_files import checkout_files, prepare_deployed_files
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import Ports
from sre_space.adapters.config_file import read_config
from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.desired_state import desired_state
from sre_space.deployment.services import note_applied, states_of
from sre_space.domain.space_config import SpaceConfig
from sre_space.env_file import environment_of_process
from sre_space.exits import one_sentence


def main() -> None:
    """Make what is missing; exit with one sentence when that is not possible."""
    logging.basicConfig(
        stream=sys.stderr, level=logging.INFO, format="%(asctime)s containers %(levelname)s %(message)s"
    )
    with one_sentence("containers"):
        _work(Settings.read(environment_of_process().lines))


def _work(settings: Settings) -> None:
    state, config = SpaceState(settings.sre_space_state), read_config(settings.sre_space_chart)
    state.make()
    Containers(
        settings.containers_folder,
        _names(settings.containers_application),
        _names(settings.containers_databases),
        settings.forge_url,
        settings.containers_database_server,
        settings.containers_database_variable,
        settings.containers_chaos,
    ).make(state)
    plan = SpacePlan(state, Ports(), settings.sre_space_chart.resolve(), settings.repo_owner, settings.repo_name)
    _prepare(plan, config)


def _prepare(plan: SpacePlan, config: SpaceConfig) -> None:
    """Write the first desired state, and that the services are started with it."""
    first = not plan.state.deployed.is_dir()
    prepare_deployed_files(plan, config)
    if first:
        for service, text in states_of(config, desired_state(checkout_files(plan, config), config)).items():
            note_applied(plan.state, service, text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


if __name__ == "__main__":
    main()
