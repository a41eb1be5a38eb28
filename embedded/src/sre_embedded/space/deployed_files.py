"""The files of desired state that services start with before the first deployment; used by `up`."""

from collections.abc import Mapping
from pathlib import Path

from sre_embedded.servers.forge.repository import file_at, files_at
from sre_embedded.space.environment import SpacePlan
from sre_space.deployment.deployed_files import deployed_files
from sre_space.deployment.desired_state import desired_state, env_text
from sre_space.domain.configuration import FOLDER
from sre_space.domain.errors import Malformed, SpaceError
from sre_space.domain.space_config import SpaceConfig
from sre_space.state_files import make_folder, set_aside, write_private


def checkout_files(plan: SpacePlan, config: SpaceConfig) -> Mapping[str, bytes]:
    """Return the checkout's files of desired state by path; raise `Malformed` when one cannot be read, or is a link."""
    source = plan.checkout / FOLDER
    if config.names_no_files and not source.is_dir():
        raise Malformed(f"{source} is missing: the configuration must be in a checkout with a deploy/ folder")
    paths = {f"{FOLDER}/{path.name}" for path in source.glob("*.env")} if config.names_no_files else set()
    found = sorted(path for path in {*paths, *config.formats} if (plan.checkout / path).exists())
    inside = plan.checkout.resolve()
    if links := [path for path in found if (plan.checkout / path).resolve() != inside / path]:
        raise Malformed(f"{plan.checkout / links[0]} is a link, not a file; put the file in its place")
    try:
        return {path: (plan.checkout / path).read_bytes() for path in found}
    except OSError as error:
        raise Malformed(f"{error.filename} cannot be read: {error.strerror}") from error


def prepare_deployed_files(plan: SpacePlan, config: SpaceConfig) -> None:
    """Write the checkout's desired state to the state folder the first time; later repair damaged files only.

    A damaged file, which would keep its service from starting, is set aside and restored from main or the checkout.
    Raise `Malformed` when the checkout has no desired state.
    """
    checkout, deployed = checkout_files(plan, config), plan.state.deployed
    if not deployed.is_dir():
        make_folder(deployed)
        for path, text in _deployed(plan, config, checkout).items():
            make_folder(path.parent)
            write_private(path, text)
    for path in sorted(deployed.glob("*.env")):
        if why := _damage(path):
            set_aside(path, f"the desired state is damaged ({why}); it is restored from main")
            main = _deployed(plan, config, _files_of_main(plan, config))
            if restored := main.get(path) or _deployed(plan, config, checkout).get(path):
                write_private(path, restored)


def _deployed(plan: SpacePlan, config: SpaceConfig, files: Mapping[str, bytes]) -> Mapping[Path, str]:
    """Return the files to be there with these files of desired state; none when a deployment would refuse them."""
    try:
        desired = desired_state(files, config)
    except Malformed:
        return {}
    return {path: text for path, (text, _) in deployed_files(plan.state, config, desired).items()}


def _damage(path: Path) -> str:
    """Return why the file is not valid desired state; "" when it is."""
    try:
        env_text(f"{FOLDER}/{path.name}", path.read_bytes())
    except (SpaceError, OSError) as error:
        return str(error)
    return ""


def _files_of_main(plan: SpacePlan, config: SpaceConfig) -> Mapping[str, bytes]:
    """Return the desired state on main of the embedded forge by path; empty when it cannot be read."""
    repository = plan.state.repository(plan.owner, plan.repo)
    try:
        folder = {f"{FOLDER}/{name}": content for name, content in files_at(repository, FOLDER)[2].items()}
        named = {path: file_at(repository, path) for path in config.formats}
    except SpaceError:
        return {}
    return {**folder, **{path: content for path, content in named.items() if content is not None}}
