"""The rebuild of Memory's index from the issues, for `sre-space memory rebuild`."""

from sre_space.adapters.system_clock import SystemClock
from sre_space.agents.memory.memory import Memory
from sre_space.bootstrap.case_index import case_index_of
from sre_space.bootstrap.connections import Connections, configured_environment
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.state import SpaceState
from sre_space.settings import CommandLineSettings


async def rebuild(state: SpaceState) -> int:
    """Rebuild the index on the configured Chroma server, else the running space's, and return the number of lessons.

    Raise `NotRunning` when no space runs and no forge is configured, `Malformed` when no Chroma server is, and
    `Unavailable` when a server does not answer.
    """
    environment, config_path = configured_environment(state)
    settings = CommandLineSettings.read(environment.lines)
    index = case_index_of(Connections.of(state, settings, config_path).chroma())
    operator = Operator.of(state, settings, config_path)
    try:
        memory = Memory(index, operator.incidents, operator.forge, operator.orders, SystemClock())
        return await memory.rebuild()
    finally:
        await operator.close()
