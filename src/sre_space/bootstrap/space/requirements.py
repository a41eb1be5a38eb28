"""What a space needs of its user and its machine before anything is started; each refusal is one sentence."""

import resource
import sys
from collections.abc import Mapping
from pathlib import Path

from sre_space.adapters.config_file import read_config
from sre_space.adapters.disk import DiskFolder
from sre_space.bootstrap.space.environment import HANDED, SpacePlan, chart_environment
from sre_space.bootstrap.space.processes import SERVICES
from sre_space.deployment.desired_state import desired_state
from sre_space.domain.configuration import FOLDER
from sre_space.domain.disk_space import MEGABYTE
from sre_space.domain.errors import Malformed, Refused
from sre_space.settings import PROCESSES as SETTINGS

ROOM_BYTES = 150 * MEGABYTE  # what a fresh space writes in its first hour (docs/safety.md), twice
ROOM_FILES = 1_000
LIMITS: Mapping[int, tuple[int, str, str]] = {
    resource.RLIMIT_NOFILE: (1024, "files may be open at once", "-n"),
    resource.RLIMIT_NPROC: (200, "processes may run at once", "-u"),
}


def must_be_met(plan: SpacePlan) -> None:
    """`Malformed` for a configuration that an agent or a deployment would refuse, `Refused` for a machine too small."""
    read_config(plan.chart, chart_environment(plan.ports.numbers, plan.away), SERVICES)
    _must_be_settings(plan)
    _must_deploy(plan)
    _must_allow()
    _must_have_room(plan.state.root)


def _must_be_settings(plan: SpacePlan) -> None:
    """What a person has set, as the processes that it is for will read it."""
    for process, names in HANDED.items():
        SETTINGS[process].refuse_wrong({name: plan.told[name] for name in names if plan.told.get(name)})


def _must_deploy(plan: SpacePlan) -> None:
    """The checkout's desired state, while none is in force yet."""
    source = plan.checkout / FOLDER
    if not source.is_dir():
        raise Malformed(f"{source} is missing: the chart must lie in a checkout with its deploy/ folder")
    if plan.state.deployed.exists():
        return
    try:
        files = {path.name: path.read_bytes() for path in sorted(source.glob("*.env"))}
    except OSError as error:
        raise Malformed(f"{error.filename} cannot be read: {error.strerror}") from error
    try:
        desired_state(files)
    except Malformed as error:
        raise Malformed(f"{plan.checkout}: {error}") from error


def _must_allow() -> None:
    """Raise each soft limit that is too low, as far as the hard one lets it."""
    for which, (needed, what, option) in LIMITS.items():
        soft, hard = (_unlimited(limit) for limit in resource.getrlimit(which))
        if soft >= needed:
            continue
        if hard < needed:
            told = f"only {hard} {what}, and a space needs {needed}"
            raise Refused(f"{told}; raise it with: ulimit {option} {needed}")
        resource.setrlimit(which, (min(needed * 4, hard), resource.getrlimit(which)[1]))


def _unlimited(limit: int) -> int:
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def _must_have_room(root: Path) -> None:
    room = DiskFolder(root).look()
    if room.free < ROOM_BYTES:
        told = f"only {room.told}, and a space needs {ROOM_BYTES // MEGABYTE} MB"
        raise Refused(f"{told}; free some there, or set SRE_SPACE_STATE to a folder on another disk")
    if room.files is not None and room.files < ROOM_FILES:
        told = f"only {room.told}, and a space needs {ROOM_FILES} (inodes)"
        raise Refused(f"{told}; delete some there, or set SRE_SPACE_STATE to a folder on another disk")
    if room.refused:
        raise Refused(f"{room.told}; set SRE_SPACE_STATE to a folder on another disk")
