"""Which commit each service runs before any deployment is announced: main's, if its file is in force. Used by Scout."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sre_space.agents.scout.deployment_verifier import MAIN
from sre_space.agents.scout.processes import Deployed, Processes
from sre_space.domain.errors import Missing, SpaceError
from sre_space.domain.space_config import Service
from sre_space.ports.clock import Clock
from sre_space.ports.deployments import Deployments
from sre_space.ports.gitops import GitOps

log = logging.getLogger(__name__)

EVERY_S = 30.0


@dataclass(frozen=True)
class RunningCommits:
    """Asks for the commits in a task of its own, so that no incident waits for it."""

    repository: GitOps
    deployments: Deployments
    processes: Processes
    services: Mapping[str, Service]
    clock: Clock

    async def learn_forever(self) -> None:
        """Ask regularly about services whose commit is unknown; never return. Later deployments are announced."""
        while True:
            try:
                await self.learn()
            except SpaceError as error:
                log.info("the running commits are not known yet: %s", error)
            await self.clock.sleep(EVERY_S)

    async def learn(self) -> None:
        """Ask once about the services whose commit is unknown."""
        unknown = [name for name in self.services if name not in self.processes.deployed]
        head = (await self.repository.commit(MAIN)).sha if unknown else ""
        for name in unknown:
            path = self.services[name].file
            try:
                content = await self.repository.read_file(path, head)
            except Missing:  # a service without desired state of its own
                continue
            if await self.deployments.in_force(path, content):
                self.processes.runs({name: Deployed(head, 0)})
