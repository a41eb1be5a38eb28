"""The tests' second application (`tests/second_app`) in a space of its own, and commits of people to its main."""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from support.live import CHECKOUT, LiveSpace

from sre_embedded.space import lifecycle as space
from sre_embedded.space.plan import separate_plan
from sre_space.bootstrap.space.servers import HOST

APPLICATION = CHECKOUT / "tests" / "second_app"
SERVICES = ("counter", "stock")
DESIRED = "platform/roastery.yaml"


def start_second(folder: Path) -> LiveSpace:
    """Start the second application in a space on free ports."""
    checkout = folder / "checkout"
    shutil.copytree(APPLICATION, checkout, ignore=shutil.ignore_patterns("__pycache__"))
    plan = separate_plan(folder / "state", checkout / "sre-space.yaml")
    return LiveSpace(plan, space.up(plan, lambda _: None))


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
