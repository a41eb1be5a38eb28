"""Deployments announced to a Scout of `world.py`, by its deployer or by anybody: for tests of what Scout believes."""

import json
from itertools import count

from support.world import World

from sre_space.agents.scout.deployment_verifier import DeploymentVerifier
from sre_space.domain.configuration import FOLDER
from sre_space.feeds.announcements import DONE, STARTED, Announcements
from sre_space.ports.bus import Record

OFFSETS = count()


def listening(world: World) -> Announcements:
    """Return new announcements, as Scout's process has them when it begins."""
    return Announcements(
        DeploymentVerifier(world.git, frozenset(world.config.services)),
        world.detectors.inhibitions,
        world.reporter,
        world.clock,
    )


def pushed(world: World, service: str, value: int) -> str:
    """Somebody changes the connections of a service on main."""
    path = f"{FOLDER}/{service}.env"
    before = world.git.main()[path].decode()
    return world.git.person_commits(path, before, f"DATABASE_POOL_SIZE={value}\n")


def announcement(
    world: World, commit: str, services: str, phase: str = STARTED, previous: str = "", at: int | None = None
) -> Record:
    """As `sre-space deploy` tells it, now or at a Unix ns."""
    now = world.clock.now() if at is None else at
    told = {"id": commit, "kind": "deployment", "phase": phase, "time": now, "service": services, "previous": previous}
    return Record("changes", 0, next(OFFSETS), now, json.dumps(told).encode())


async def deployed(world: World, ours: Announcements, commit: str, services: str, previous: str = "") -> None:
    """From beginning to end, two seconds."""
    for phase in (STARTED, DONE):
        ours.take(announcement(world, commit, services, phase, previous))
        await ours.confirm()
        await world.clock.sleep(2)
