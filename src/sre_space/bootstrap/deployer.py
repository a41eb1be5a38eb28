"""The process of the deployer: `python -m sre_space.bootstrap.deployer`."""

from sre_space.adapters.config_file import read_config
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.bootstrap import server
from sre_space.bootstrap.deploying import ForgeAccess, deployer
from sre_space.bootstrap.space.state import SpaceState
from sre_space.bootstrap.units import units
from sre_space.deployment.watch import MainFollower
from sre_space.settings import DeployerSettings as Settings


async def _work(settings: Settings) -> None:
    socket, config = settings.needed("runtime_socket"), read_config(settings.sre_space_chart)
    forge = ForgeAccess(
        settings.forge_url,
        settings.github_personal_access_token,
        settings.repo_owner,
        settings.repo_name,
        settings.github_api_url,
    )
    runtime, bus = SupervisordRuntime(socket, units(config)), settings.kafka_bootstrap_servers
    async with deployer(SpaceState(settings.sre_space_state), config, forge, runtime, bus) as main_deployer:
        await MainFollower(main_deployer, settings.poll_seconds).follow()


if __name__ == "__main__":
    server.run("deployer", Settings, _work)
