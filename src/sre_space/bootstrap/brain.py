"""The process of Brain: `python -m sre_space.bootstrap.brain`."""

import asyncio

from sre_space.adapters.authentic_bus import AuthenticBus
from sre_space.adapters.bundle_folder import BundleFolder
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.agents.brain.brain import Brain
from sre_space.agents.brain.deployments import RecentDeployments
from sre_space.agents.brain.ended_units import EndedUnits
from sre_space.agents.brain.gathering import Gathering
from sre_space.agents.brain.history import DesiredStateHistory
from sre_space.agents.brain.investigation import Investigation
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.record_key import read_record_key
from sre_space.bootstrap.runtime import NONE, runtime_events_of, runtime_reader_of, unit_output_of
from sre_space.bootstrap.trace_store import trace_store_of
from sre_space.domain import facts
from sre_space.feeds.event_feed import EventFeed
from sre_space.paths import StatePaths
from sre_space.ports.gitops import GitOps
from sre_space.settings import BrainSettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.BRAIN, settings)
    state = StatePaths(settings.sre_space_state)
    runtime = runtime_reader_of(settings.runtime_address, context.config, state)
    events = runtime_events_of(settings.runtime_events_address or NONE, context.config, state)
    ended_units = EndedUnits(context.config)
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
        ended_units,
    )
    async with asyncio.TaskGroup() as group:
        group.create_task(EventFeed(events, ended_units, context.clock).follow_forever())
        group.create_task(context.run(context.watch(brain)))


def investigation(context: agent.AgentContext, settings: Settings, gitops: GitOps) -> Investigation:
    """Return the investigation, which gives the diagnosis engine all telemetry and changes it reads."""
    state = StatePaths(settings.sre_space_state)
    authentic = AuthenticBus(read_record_key(settings.telemetry_record_key_file), context.reporter.dismissed)
    history = authentic.history(Bus.of(settings.kafka_bootstrap_servers).history())
    return Investigation(
        context.config,
        Gathering(trace_store_of(settings.jaeger_url), history, context.clock),
        RecentDeployments(history, gitops),
        NetworkProbe.create(),
        BundleFolder(state.bundles, settings.bundles_kept_days, settings.bundles_max_bytes),
        context.clock,
        output=unit_output_of(settings.runtime_address, context.config, state),
    )


if __name__ == "__main__":
    server.run("brain", Settings, _work)
