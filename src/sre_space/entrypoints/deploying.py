"""`sre-space deploy`."""

import asyncio
import json
import logging
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from sre_space.bootstrap.deploy import deploy, planned
from sre_space.bootstrap.deploy_journal import Deployment
from sre_space.bootstrap.deploy_watch import follow
from sre_space.bootstrap.exits import FAILED
from sre_space.bootstrap.space_state import State, running_space
from sre_space.domain.errors import Malformed
from sre_space.entrypoints.screen import err, out


def deploy_command(state: Path, as_json: bool, watch: bool, dry_run: bool) -> int:
    """Apply the configuration on main; restart only the services whose desired state changed."""
    folder = State(state)
    if watch and dry_run:
        raise Malformed("--watch deploys and --dry-run does not; choose one")
    if watch:
        _watch(folder)
    done = planned(folder) if dry_run else asyncio.run(deploy(folder))
    if as_json:
        sys.stdout.write(json.dumps(asdict(done)) + "\n")
    else:
        out.print(_told(done, dry_run), highlight=False)
    if done.failed:
        err.print(f"sre-space: after the deployment {', '.join(done.failed)} does not serve", highlight=False)
        return FAILED
    return 0


def _watch(folder: State) -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    running_space(folder)
    follow(folder, threading.Event().wait)


def _told(done: Deployment, dry_run: bool) -> str:
    commit, restarted = done.commit[:12], ", ".join(done.restarted) or "nothing"
    if not done.changes_something:
        return f"{commit} runs already"
    if dry_run:
        changed = ", ".join(done.changed) or "no file"
        return f"{commit} ({done.subject}) would replace {changed} and restart {restarted}; nothing was changed"
    return f"{commit} runs; restarted: {restarted}"
