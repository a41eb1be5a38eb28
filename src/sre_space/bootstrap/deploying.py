"""The wiring of a deployer, for the process and the command: its forge, state folder, runtime and bus."""

import contextlib
from collections.abc import AsyncIterator

from sre_space.adapters.network_probe import NetworkProbe
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.forge import ForgeAccess
from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.deploy import Deployer
from sre_space.deployment.services import DeployedServices
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.runtime import Runtime


@contextlib.asynccontextmanager
async def deployer(
    state: SpaceState, config: SpaceConfig, forge: ForgeAccess, runtime: Runtime, bus: str
) -> AsyncIterator[Deployer]:
    """Yield a deployer whose connections close with the context; `bus` is "" where none is configured."""
    gitops = forge.reading()
    probe = NetworkProbe.create()
    publisher = Bus.of(bus).publisher() if bus else None
    try:
        yield Deployer(state, gitops, DeployedServices(state, config, runtime, probe), publisher)
    finally:
        await gitops.close()
        await probe.client.aclose()
        if publisher is not None:
            await publisher.close()
