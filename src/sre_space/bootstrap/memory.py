"""The process of Memory: `python -m sre_space.bootstrap.memory`."""

from sre_space.adapters.chroma import ChromaCaseIndex
from sre_space.adapters.minilm import MiniLm
from sre_space.agents.memory import Memory
from sre_space.bootstrap import agent
from sre_space.domain import facts
from sre_space.settings import Memory as Settings


async def _work(ground: agent.Ground) -> None:
    index = ChromaCaseIndex(Settings.read().chroma_url, MiniLm.load().embed)
    await ground.watch(Memory(index, ground.casebook, ground.forge, ground.clock)).run()


if __name__ == "__main__":
    agent.run(facts.Agent.MEMORY, Settings, _work)
