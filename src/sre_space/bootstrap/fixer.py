"""The process of Fixer: `python -m sre_space.bootstrap.fixer`."""

import asyncio

from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.adapters.network_probe import NetworkProbe
from sre_space.agents.fixer.change import Changes
from sre_space.agents.fixer.fixer import Fixer
from sre_space.agents.fixer.follow_up import FollowUps
from sre_space.agents.fixer.permission import Permission
from sre_space.agents.fixer.pull_requests import PullRequests
from sre_space.agents.fixer.restart import Restarts
from sre_space.agents.fixer.symptoms import SymptomReports
from sre_space.bootstrap import agent, server
from sre_space.bootstrap.bus import Bus
from sre_space.bootstrap.runtime import runtime_of
from sre_space.bootstrap.space.state import SpaceState
from sre_space.domain import facts
from sre_space.loop.halting import halt_on_label
from sre_space.loop.hold_closing import HoldClosing
from sre_space.settings import FixerSettings as Settings


async def _work(settings: Settings) -> None:
    context = agent.AgentContext.prepare(facts.Agent.FIXER, settings)
    state = SpaceState(settings.sre_space_state)
    runtime = runtime_of(settings.runtime_address, context.config, state)
    restarts = Restarts(context.config, runtime, NetworkProbe.create(), context.kill_switch)
    deployments = DeployedFolder(settings.sre_space_state, context.config.services)
    pulls = PullRequests(context.config, context.gitops(), deployments, context.clock)
    history, incidents = Bus.of(settings.kafka_bootstrap_servers).history(), context.incidents
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
    closing = HoldClosing(context.holds, context.forge, context.clock, context.clock_check)
    async with asyncio.TaskGroup() as group:
        group.create_task(closing.close_forever())
        group.create_task(context.run(context.watch(fixer, halt_on_label(context.kill_switch))))


if __name__ == "__main__":
    server.run("fixer", Settings, _work)
