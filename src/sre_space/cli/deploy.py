"""`sre-space deploy`: applies the configuration on main, once or whenever main moves."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path

from sre_space.bootstrap.connections import Connections, configured_environment
from sre_space.bootstrap.space.state import SpaceState
from sre_space.cli.screen import err, out
from sre_space.deployment.journal import Deployment
from sre_space.deployment.watch import MainFollower
from sre_space.domain.errors import Malformed
from sre_space.exits import FAILED
from sre_space.settings import CommandLineSettings


def deploy_command(state: Path, as_json: bool, watch: bool, dry_run: bool) -> int:
    """Apply the configuration on main; restart only the services whose desired state changed."""
    if watch and dry_run:
        raise Malformed("--watch deploys and --dry-run does not; choose one")
    folder = SpaceState(state)
    environment, config_path = configured_environment(folder)
    settings = CommandLineSettings.read(environment.lines)
    connections = Connections.of(folder, settings, config_path)
    if no_runtime := connections.no_runtime:
        err.print(f"sre-space: no service is restarted: {no_runtime}", markup=False, highlight=False)
    if watch:
        asyncio.run(_watch(connections, settings.poll_seconds))
    done = asyncio.run(_once(connections, dry_run))
    if as_json:
        sys.stdout.write(json.dumps(asdict(done)) + "\n")
    else:
        out.print(_summary(done, dry_run), highlight=False)
    if done.failed:
        err.print(f"sre-space: after the deployment {', '.join(done.failed)} does not serve", highlight=False)
        return FAILED
    return 0


async def _once(connections: Connections, dry_run: bool) -> Deployment:
    async with connections.deployer() as deployer:
        return await (deployer.planned() if dry_run else deployer.deploy())


async def _watch(connections: Connections, every_s: float) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    for noisy in ("httpx", "httpx2", "mcp"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    async with connections.deployer() as deployer:
        await deployer.head()  # an error at the start ends the command; a later one is tried again
        await MainFollower(deployer, every_s).follow()


def _summary(done: Deployment, dry_run: bool) -> str:
    commit, restarted = done.commit[:12], ", ".join(done.restarted) or "nothing"
    if not done.changes_something:
        return f"{commit} is deployed already"
    if dry_run:
        changed = ", ".join(done.changed) or "no file"
        return f"{commit} ({done.subject}) would replace {changed} and restart {restarted}; nothing was changed"
    return f"{commit} is deployed; restarted: {restarted}"
