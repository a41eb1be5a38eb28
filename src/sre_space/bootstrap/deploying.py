"""The wiring of a deployer, for the process and the command: its forge, state folder, runtime and bus."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sre_space.adapters.github_mcp.gitops import READING, GithubGitOps
from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.kafka import KafkaPublisher
from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.deploy import Deployer
from sre_space.deployment.services import DeployedServices
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.runtime import Runtime


@dataclass(frozen=True)
class ForgeAccess:
    """A repository on a forge, and the token to access it with."""

    url: str
    token: str
    owner: str
    repo: str
    api: str = ""

    @property
    def repository(self) -> str:
        """Return the repository as `owner/name`."""
        return f"{self.owner}/{self.repo}"


@contextlib.asynccontextmanager
async def deployer(
    state: SpaceState, config: SpaceConfig, forge: ForgeAccess, runtime: Runtime, bus: str
) -> AsyncIterator[Deployer]:
    """Yield a deployer whose connections close with the context; `bus` is "" where none is configured."""
    gitops = GithubGitOps(forge.url, forge.token, forge.owner, forge.repo, forge.api, needed=READING)
    probe = HttpProbe.create()
    publisher = KafkaPublisher(bus) if bus else None
    try:
        yield Deployer(state, gitops, DeployedServices(state, config, runtime, probe), publisher)
    finally:
        await gitops.close()
        await probe.client.aclose()
        if publisher is not None:
            await publisher.close()
