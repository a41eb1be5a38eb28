"""The process of Memory: `python -m sre_space.bootstrap.memory`."""

import asyncio

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.minilm import MiniLm
from sre_space.agents.memory.memory import Memory
from sre_space.bootstrap import agent, server
from sre_space.domain import facts
from sre_space.settings import MemorySettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.MEMORY, settings)
    model = MiniLm.load()
    index = ChromaCaseIndex(settings.chroma_url, model.embed, model.pieces)
    memory = Memory(index, context.incidents, context.forge, context.orders, context.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(memory.index_resolutions_forever())
        group.create_task(context.run(context.watch(memory)))


if __name__ == "__main__":
    server.run("memory", Settings, _work)
