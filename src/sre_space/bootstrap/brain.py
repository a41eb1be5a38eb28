"""The process of Brain: `python -m sre_space.bootstrap.brain`."""

from sre_space.adapters.http_probe import HttpProbe
from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.agents.brain import Brain
from sre_space.bootstrap import agent, server
from sre_space.domain import facts
from sre_space.settings import Brain as Settings


async def _work(settings: Settings) -> None:
    ground = agent.Ground.prepare(facts.Agent.BRAIN, settings)
    runtime = SupervisordRuntime(settings.runtime_socket, agent.units(ground.chart))
    traces = JaegerTraces(settings.jaeger_url)
    brain = Brain(ground.chart, runtime, traces, HttpProbe.create(), ground.casebook, ground.clock)
    await ground.watch(brain).run()


if __name__ == "__main__":
    server.run("brain", Settings, _work)
