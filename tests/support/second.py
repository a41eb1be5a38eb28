"""The tests' second application (`tests/second_app`) in a space of its own, and commits of people to its main."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from support.live import CHECKOUT, LiveSpace

from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import Ports
from sre_space.bootstrap.space.servers import HOST
from sre_space.bootstrap.space.state import SpaceState

APPLICATION = CHECKOUT / "tests" / "second_app"
SERVICES = ("counter", "stock")
DESIRED = "platform/roastery.yaml"


def start_second(folder: Path) -> LiveSpace:
    """Start the second application with `sre-space up` in a space on free ports."""
    checkout, state = folder / "checkout", SpaceState((folder / "state").resolve())
    shutil.copytree(APPLICATION, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "-m", "sre_space.cli.main", "up", "--ports", "free", "--state", str(state.root)]
    environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "300"}
    done = subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)
    running = state.record()
    assert done.returncode == 0, done.stderr
    assert running is not None
    owner, _, repository = running.repository.partition("/")
    plan = SpacePlan(state, Ports.of(running.ports), checkout / "sre-space.yaml", owner, repository)
    return LiveSpace(plan, running)


def change(live: LiveSpace, old: str, new: str) -> None:
    """Commit a change of its desired state to main, as a person with the operator's token does."""
    identities = json.loads(live.state.identities.read_text())
    token = next(one["token"] for one in identities if one["login"] == "operator")
    url = f"http://operator:{token}@{HOST}:{live.running.ports['forge_port']}/{live.running.repository}.git"
    with tempfile.TemporaryDirectory() as folder:
        _git("clone", "-q", url, folder)
        path = Path(folder) / DESIRED
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))
        who = ("-c", "user.name=t", "-c", "user.email=t@t")
        _git("-C", folder, *who, "commit", "-qam", f"{old} becomes {new}")
        _git("-C", folder, "push", "-q", "origin", "HEAD:main")


def _git(*words: str) -> None:
    subprocess.run(["git", *words], check=True, capture_output=True)
