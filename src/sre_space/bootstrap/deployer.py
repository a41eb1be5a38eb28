"""The process of the deployer: `python -m sre_space.bootstrap.deployer`."""

import contextlib
from functools import partial

from sre_space.adapters.config_file import read_config
from sre_space.bootstrap import server
from sre_space.bootstrap.deploying import deployer
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.runtime import as_run, runtime_of
from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.watch import MainFollower
from sre_space.settings import DeployerSettings as Settings
from sre_space.state_files import make_folder


async def _work(settings: Settings) -> None:
    config = as_run(read_config(settings.sre_space_chart), settings.runtime_address)
    state, bus = SpaceState(settings.sre_space_state), settings.kafka_bootstrap_servers
    runtime = runtime_of(settings.runtime_address, config, state)
    async with deployer(state, config, ForgeAccess.of(settings), runtime, bus) as main_deployer:
        await MainFollower(main_deployer, settings.poll_seconds, partial(_polled, state)).follow()


def _polled(state: SpaceState) -> None:
    """Touch the file by which a health check knows that main is followed; Compose then starts the application."""
    with contextlib.suppress(OSError):  # a full disk must not stop the deployer
        path = state.on_duty("deployer")
        make_folder(path.parent)
        path.touch(mode=0o600)


if __name__ == "__main__":
    server.run("deployer", Settings, _work)
