"""The process of Memory: `python -m sre_space.bootstrap.memory`."""

import asyncio

from sre_space.agents.memory.memory import Memory
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.case_index import case_index_of
from sre_space.domain import facts
from sre_space.settings import MemorySettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.MEMORY, settings)
    index = case_index_of(settings.chroma_url)
    memory = Memory(index, context.incidents, context.forge, context.orders, context.clock)
    async with asyncio.TaskGroup() as group:
        group.create_task(memory.index_resolutions_forever())
        group.create_task(context.run(context.watch(memory)))


if __name__ == "__main__":
    server.run("memory", Settings, _work)
