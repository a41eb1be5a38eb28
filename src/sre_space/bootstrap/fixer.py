"""The process of Fixer: `python -m sre_space.bootstrap.fixer`."""

from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.agents.fixer import Fixer
from sre_space.bootstrap import agent, server
from sre_space.domain import facts
from sre_space.settings import Fixer as Settings


async def _work(settings: Settings) -> None:
    ground = agent.Ground.prepare(facts.Agent.FIXER, settings)
    runtime = SupervisordRuntime(settings.runtime_socket, agent.units(ground.chart))
    fixer = Fixer(ground.chart, runtime, HttpProbe.create(), ground.casebook, ground.brake, ground.clock)
    await ground.watch(fixer).run()


if __name__ == "__main__":
    server.run("fixer", Settings, _work)
