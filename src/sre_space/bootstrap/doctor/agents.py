"""The check of the agents: their processes in a running space, Scout's newest report elsewhere."""

import asyncio
import time

from sre_space.adapters.ed25519 import TrustFolder
from sre_space.bootstrap.doctor.installation import Installation
from sre_space.bootstrap.space import supervisor as space_supervisor
from sre_space.bootstrap.space.crash_watch import crash_loops
from sre_space.bootstrap.space.names import AGENTS
from sre_space.bootstrap.space.state import Running
from sre_space.domain.checks import Check, Level
from sre_space.feeds.newest_report import newest_report

FRESH_S = 30


async def agents_check(installation: Installation) -> Check:
    """Return whether the agents are at work."""
    running = installation.connections.running
    if running is not None:
        return await asyncio.to_thread(_processes, installation, running)
    return await _reported(installation)


def _processes(installation: Installation, running: Running) -> Check:
    """Return whether all processes of the space run, and every agent has read its incidents."""
    state = installation.state
    down = [unit.name for unit in space_supervisor.units(running.socket) if unit.state != "RUNNING"]
    down += [loop.unit for loop in crash_loops(state) if loop.unit not in down]
    services = {service.unit for service in installation.config.services.values()}
    if needed := [name for name in down if name not in services]:
        remedy = f"see: sre-space logs {needed[0]}"
        return Check("agents", Level.REFUSED, f"not running: {', '.join(needed)}", remedy)
    if waiting := [agent for agent in AGENTS if not state.on_duty(agent).exists()]:
        return Check(
            "agents", Level.AWAY, f"not yet at work: {', '.join(waiting)}", "wait, or see: sre-space logs scout"
        )
    said = {agent: state.on_duty(agent).read_text().strip() for agent in AGENTS}
    if blocked := [f"{agent}: {why}" for agent, why in said.items() if why]:
        return Check("agents", Level.REFUSED, f"do not act, {'; '.join(blocked)}")
    return Check("agents", Level.OK, f"{', '.join(AGENTS)} at work")


async def _reported(installation: Installation) -> Check:
    """Return how old Scout's newest signed report is."""
    connections, now = installation.connections, time.time_ns()
    repository = connections.forge().repository
    report = await newest_report(connections.history(), TrustFolder(installation.state.trust), repository, now)
    if report is None:
        found = "Scout has reported nothing in the last quarter of an hour"
        return Check("agents", Level.AWAY, found, "start Scout, or look at its log")
    age = (now - report.at) / 1e9
    if age > FRESH_S:
        return Check("agents", Level.AWAY, f"Scout's last report is {age:.0f} s old", "look at its log")
    return Check("agents", Level.OK, f"Scout reported {max(age, 0):.0f} s ago")
