"""The files of desired state that services start with, before the first deployment: used by `up`."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sre_space.bootstrap.space.environment import SpacePlan
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.embedded.forge.repository import files_at
from sre_space.state_files import make_folder, set_aside, write_private


def lay_out(plan: SpacePlan) -> None:
    """The first time the checkout's configuration, as the forge's first commit has it; later what is there.

    One that is damaged would keep its service from starting: it is set aside, and taken from main, or the checkout.
    """
    source, deployed = plan.checkout / FOLDER, plan.state.deployed
    if not source.is_dir():
        raise Malformed(f"{source} is missing: the chart must lie in a checkout with its deploy/ folder")
    if not deployed.is_dir():
        make_folder(deployed)
        shutil.copytree(source, deployed, dirs_exist_ok=True)
    for path in sorted(deployed.glob("*.env")):
        if why := _damage(path):
            set_aside(path, f"the desired state is damaged ({why}), and is taken from main")
            content = _of_main(plan).get(path.name) or _content(source / path.name)
            if content:
                write_private(path, content.decode(errors="replace"))


def _damage(path: Path) -> str:
    """Why no service can start with it, "" when it can."""
    try:
        desired_state({path.name: path.read_bytes()})
    except (SpaceError, OSError) as error:
        return str(error)
    return ""


def _of_main(plan: SpacePlan) -> Mapping[str, bytes]:
    """What main of the embedded forge says; nothing before there is one, or when it cannot be read."""
    try:
        return files_at(plan.state.repository(plan.owner, plan.repo), FOLDER)[2]
    except SpaceError:
        return {}


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
