"""The rebuild of Memory's index from the issues of a running space, for `sre-space memory rebuild`."""

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.minilm import MiniLm
from sre_space.adapters.system_clock import SystemClock
from sre_space.agents.memory.memory import Memory
from sre_space.bootstrap.operator import Operator
from sre_space.bootstrap.space.ports import HOST
from sre_space.bootstrap.space.state import SpaceState, running_space


async def rebuild(state: SpaceState) -> int:
    """Rebuild the index and return the number of lessons.

    Raise `NotRunning` when no space runs, `Unavailable` when a server does not answer.
    """
    port = running_space(state).ports["chroma_port"]
    model = MiniLm.load()
    index = ChromaCaseIndex(f"http://{HOST}:{port}", model.embed, model.pieces)
    operator = Operator.of(state)
    try:
        memory = Memory(index, operator.incidents, operator.forge, operator.orders, SystemClock())
        return await memory.rebuild()
    finally:
        await operator.close()
