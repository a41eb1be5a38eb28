"""The files of the state folder that a deployment writes: copies of desired state, and what the launcher reads.

The launcher starts a unit with `NAME=value` lines (`deploy/config/UNIT.env`), and the warden reads the memory limits of
all units in one such file. Where desired state has another form, the deployer writes these files.
"""

from collections.abc import Mapping
from pathlib import Path

from sre_space.codec.desired_values import value_of
from sre_space.codec.service_variables import variables_of
from sre_space.codec.variables import limit_variable
from sre_space.domain import configuration
from sre_space.domain.configuration import FOLDER, SPACE_FILE
from sre_space.domain.space_config import SpaceConfig
from sre_space.paths import StatePaths

Files = Mapping[Path, str | None]  # the text of each file; None removes it


def deployed_files(
    state: StatePaths, config: SpaceConfig, desired: Mapping[str, str]
) -> Mapping[Path, tuple[str, str]]:
    """Return each file to be there: its text, and the file of desired state (a path in the repository) behind it."""
    files = {state.copy_of(path): (text, path) for path, text in desired.items()}
    services = [service for service in config.services.values() if service.has_runtime]
    for service in services:
        variables = state.variables(service.unit)
        if service.file in desired and state.copy_of(service.file) != variables:
            content = variables_of(service.own, desired[service.file].encode())
            files[variables] = (content.decode(), service.file)
    for service in services:
        limits, source = files.get(state.limits, ("", service.memory.file if service.memory else SPACE_FILE))
        variable = limit_variable(service.unit)
        limit = value_of(desired, service.memory) if service.memory else None
        if limit is not None and configuration.value_of(limits, variable) != limit:
            files[state.limits] = (configuration.with_value(limits, variable, limit), source)
    return files


def difference(state: StatePaths, config: SpaceConfig, desired: Mapping[str, str]) -> tuple[Files, frozenset[str]]:
    """Return the files to write or remove so that desired state is deployed, and the files of desired state behind."""
    files = deployed_files(state, config, desired)
    removed = {path: f"{FOLDER}/{path.name}" for path in state.deployed.glob("*.env") if path not in files}
    differing = {path: one for path, one in files.items() if _content(path) != one[0].encode()}
    texts: dict[Path, str | None] = {path: text for path, (text, _) in differing.items()} | dict.fromkeys(removed)
    return texts, frozenset({*(source for _, source in differing.values()), *removed.values()})


def _content(path: Path) -> bytes | None:
    """Return the bytes of a file; None when it cannot be read, so that it differs from main and is replaced."""
    try:
        return path.read_bytes()
    except OSError:
        return None
