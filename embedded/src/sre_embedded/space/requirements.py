"""The preconditions of a space, checked before anything is started; each refusal is one sentence."""

import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from sre_embedded.settings import PROCESSES as SETTINGS
from sre_embedded.space.deployed_files import checkout_files
from sre_embedded.space.environment import PASSED_SETTINGS, SpacePlan
from sre_embedded.space.process_file import NAME
from sre_embedded.space.processes import services
from sre_space.adapters.config_file import read_config
from sre_space.adapters.disk import DiskFolder
from sre_space.bootstrap.space.addresses import config_environment
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.disk_space import MEGABYTE
from sre_space.domain.errors import Malformed, Refused
from sre_space.domain.space_config import SpaceConfig

MIN_FREE_BYTES = 150 * MEGABYTE  # twice what a new space writes in its first hour (docs/safety.md)
MIN_FREE_FILES = 1_000
LIMITS: Mapping[int, tuple[int, str, str]] = {
    resource.RLIMIT_NOFILE: (1024, "files may be open at once", "-n"),
    resource.RLIMIT_NPROC: (200, "processes may run at once", "-u"),
}


def check_requirements(plan: SpacePlan) -> SpaceConfig:
    """Return the configuration.

    Raise `Malformed` for one that an agent or deployment would refuse, and `Refused` for a small machine.
    """
    config = _check_configuration(plan)
    _check_settings(plan)
    _check_desired_state(plan, config)
    _raise_limits()
    _check_disk(plan.state.root)
    return config


def _check_configuration(plan: SpacePlan) -> SpaceConfig:
    """Return the configuration; raise `Malformed` for a mistake, or when nothing says how a service is run."""
    environment = config_environment(plan.ports.numbers, plan.external)
    config = read_config(plan.config_path, environment, services(plan.application) if plan.application else None)
    run_here = [service.name for service in config.services.values() if service.has_runtime]
    if run_here and not plan.application:
        message = f"{plan.checkout / NAME} is missing: it says what the space starts, and {run_here[0]} has a unit here"
        raise Malformed(f"{message}; write it (docs/processes.md), or `runtime: none` at what others run")
    return config


def _check_settings(plan: SpacePlan) -> None:
    """Raise `Malformed` for a setting a person has made that the process that receives it would refuse."""
    for process, names in PASSED_SETTINGS.items():
        SETTINGS[process].refuse_invalid({name: plan.variables[name] for name in names if plan.variables.get(name)})


def _check_desired_state(plan: SpacePlan, config: SpaceConfig) -> None:
    """Raise `Malformed` for an invalid desired state of the checkout, while none is deployed yet."""
    files = checkout_files(plan, config)
    if plan.state.deployed.exists():
        return
    try:
        desired_state(files, config)
    except Malformed as error:
        raise Malformed(f"{plan.checkout}: {error}") from error


def _raise_limits() -> None:
    """Raise each soft resource limit that is too low; raise `Refused` when the hard limit is too low as well."""
    for kind, (needed, what, option) in LIMITS.items():
        soft, hard = (_unlimited(limit) for limit in resource.getrlimit(kind))
        if soft >= needed:
            continue
        if hard < needed:
            message = f"only {hard} {what}, and a space needs {needed}"
            raise Refused(f"{message}; raise it with: ulimit {option} {needed}")
        resource.setrlimit(kind, (min(needed * 4, hard), resource.getrlimit(kind)[1]))


def _unlimited(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _check_disk(root: Path) -> None:
    room = DiskFolder(root).measure()
    if room.free < MIN_FREE_BYTES:
        message = f"only {room.description}, and a space needs {MIN_FREE_BYTES // MEGABYTE} MB"
        raise Refused(f"{message}; free some there, or set SRE_SPACE_STATE to a folder on another disk")
    if room.files is not None and room.files < MIN_FREE_FILES:
        message = f"only {room.description}, and a space needs {MIN_FREE_FILES} (inodes)"
        raise Refused(f"{message}; delete some there, or set SRE_SPACE_STATE to a folder on another disk")
    if room.refused:
        raise Refused(f"{room.description}; set SRE_SPACE_STATE to a folder on another disk")
