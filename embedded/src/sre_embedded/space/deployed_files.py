"""The files of desired state that services start with before the first deployment; used by `up`."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from sre_embedded.servers.forge.repository import files_at
from sre_embedded.space.environment import SpacePlan
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.state_files import make_folder, set_aside, write_private


def prepare_deployed_files(plan: SpacePlan) -> None:
    """Copy the checkout's desired state to the state folder the first time; later repair damaged files only.

    A damaged file, which would keep its service from starting, is set aside and restored from main or the checkout.
    Raise `Malformed` when the checkout has no desired state.
    """
    source, deployed = plan.checkout / FOLDER, plan.state.deployed
    if not source.is_dir():
        raise Malformed(f"{source} is missing: the configuration must be in a checkout with a deploy/ folder")
    if not deployed.is_dir():
        make_folder(deployed)
        shutil.copytree(source, deployed, dirs_exist_ok=True)
    for path in sorted(deployed.glob("*.env")):
        if why := _damage(path):
            set_aside(path, f"the desired state is damaged ({why}); it is restored from main")
            content = _files_of_main(plan).get(path.name) or _content(source / path.name)
            if content:
                write_private(path, content.decode(errors="replace"))


def _damage(path: Path) -> str:
    """Return why the file is not valid desired state; "" when it is."""
    try:
        desired_state({path.name: path.read_bytes()})
    except (SpaceError, OSError) as error:
        return str(error)
    return ""


def _files_of_main(plan: SpacePlan) -> Mapping[str, bytes]:
    """Return the desired state on main of the embedded forge by name; empty when it cannot be read."""
    try:
        return files_at(plan.state.repository(plan.owner, plan.repo), FOLDER)[2]
    except SpaceError:
        return {}


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() else b""
