"""The process of Brain: `python -m sre_space.bootstrap.brain`."""

from sre_space.adapters.authentic_bus import AuthenticBus
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.jaeger import JaegerTraces
from sre_space.adapters.kafka import KafkaHistory
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.adapters.no_runtime import PartialReader
from sre_space.adapters.supervisord_reader import SupervisordReader
from sre_space.agents.brain.brain import Brain
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.history import DesiredStateHistory
from sre_space.agents.brain.investigation import Investigation
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.units import units, units_without
from sre_space.domain import facts
from sre_space.paths import StatePaths
from sre_space.ports.gitops import GitOps
from sre_space.settings import BrainSettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.BRAIN, settings)
    state = StatePaths(settings.sre_space_state)
    known = units(context.config)
    reader = SupervisordReader(settings.needed("runtime_read_socket"), known, state.warden_journal) if known else None
    runtime = PartialReader(reader, units_without(context.config))
    gitops = context.gitops()
    investigations = investigation(context, settings, gitops)
    brain = Brain(
        context.config,
        runtime,
        investigations,
        context.incidents,
        context.clock,
        DesiredStateHistory(gitops, context.config),
        context.orders,
        context.holds,
    )
    await context.watch(brain).run()


def investigation(context: agent.AgentContext, settings: Settings, gitops: GitOps) -> Investigation:
    """Return the investigation, which gives the diagnosis engine all telemetry and changes it reads."""
    authentic = AuthenticBus(read_record_key(settings.telemetry_record_key_file), context.reporter.dismissed)
    history = authentic.history(KafkaHistory(settings.kafka_bootstrap_servers))
    traces = JaegerTraces(settings.jaeger_url)
    return Investigation(
        context.config,
        Gathering(traces, history, gitops, context.clock, context.config.services),
        RecentDeployments(history, gitops),
        NetworkProbe.create(),
        BundleFolder(StatePaths(settings.sre_space_state).bundles),
        context.clock,
    )


if __name__ == "__main__":
    server.run("brain", Settings, _work)
