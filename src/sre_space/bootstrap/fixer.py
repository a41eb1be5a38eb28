"""The process of Fixer: `python -m sre_space.bootstrap.fixer`."""

import asyncio

from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.kafka import KafkaHistory
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.adapters.no_runtime import PartialRuntime
from sre_space.adapters.supervisord import SupervisordRuntime
from sre_space.agents.fixer.change import Changes
from sre_space.agents.fixer.fixer import Fixer
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.permission import Permission
from sre_space.agents.fixer.pull_requests import PullRequests
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import SymptomReports
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.held_units import HeldUnits
from sre_space.bootstrap.space.crash_watch import CrashWatch
from sre_space.bootstrap.space.state import SpaceState
from sre_space.bootstrap.units import units, units_without
from sre_space.domain import facts
from sre_space.loop.halting import halt_on_label
from sre_space.settings import FixerSettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.FIXER, settings)
    known = units(context.config)
    supervisord = SupervisordRuntime(settings.needed("runtime_socket"), known) if known else None
    runtime = PartialRuntime(supervisord, units_without(context.config))
    restarts = Restarts(context.config, runtime, NetworkProbe.create(), context.kill_switch)
    deployments = DeployedFolder(settings.sre_space_state, context.config.services)
    pulls = PullRequests(context.config, context.gitops(), deployments, context.clock)
    history, incidents = KafkaHistory(settings.kafka_bootstrap_servers), context.incidents
    symptoms = SymptomReports(history, incidents.trust, incidents.repository, context.clock)
    orders = context.orders
    fixer = Fixer(
        config=context.config,
        restarts=restarts,
        changes=Changes(pulls, restarts, context.kill_switch, context.clock),
        permission=Permission(
            context.config, incidents, orders, context.holds, symptoms, context.clock, settings.dry_run
        ),
        probe=NetworkProbe.create(),
        follow_ups=FollowUps(context.forge),
        kill_switch=context.kill_switch,
    )
    watched = ("warden", *units(context.config))
    held = HeldUnits(context.holds, context.config, context.clock).read
    crashes = CrashWatch(SpaceState(settings.sre_space_state), context.pager.notifier, watched, held=held)
    async with asyncio.TaskGroup() as group:
        group.create_task(crashes.watch_forever())
        group.create_task(context.watch(fixer, halt_on_label(context.kill_switch)).run())


if __name__ == "__main__":
    server.run("fixer", Settings, _work)
