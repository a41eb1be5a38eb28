"""The process of Memory: `python -m sre_space.bootstrap.memory`."""

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.minilm import MiniLm
from sre_space.agents.memory import Memory
from sre_space.bootstrap import agent, server
from sre_space.domain import facts
from sre_space.settings import Memory as Settings


async def _work(settings: Settings) -> None:
    ground = agent.Ground.prepare(facts.Agent.MEMORY, settings)
    index = ChromaCaseIndex(settings.chroma_url, MiniLm.load().embed)
    await ground.watch(Memory(index, ground.casebook, ground.forge, ground.clock)).run()


if __name__ == "__main__":
    server.run("memory", Settings, _work)
