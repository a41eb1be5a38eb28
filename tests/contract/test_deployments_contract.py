"""`ports.deployments` over the folder of a space's state and over the double: exactly these bytes, or not in force."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.doubles import ADAPTER, BOTH
from support.limits import limited
from support.world import QUOTE_FILE, World

from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.domain.configuration import FOLDER
from sre_space.paths import StatePaths
from sre_space.ports.deployments import Deployments


@dataclass(frozen=True)
class Running:
    """What runs, and how quote-service is started anew with other bytes."""

    deployments: Deployments
    start: Callable[[bytes], object]


@pytest.fixture(params=BOTH)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Running:
    """Nothing was started by this test yet."""
    if request.param == ADAPTER:
        written = StatePaths(tmp_path).running("quote-service")
        written.parent.mkdir(parents=True)
        return Running(
            DeployedFolder(tmp_path, {"quote-service": limited("quote-service")}),
            lambda content: written.write_text(f"{hashlib.sha256(content).hexdigest()}\n\n"),
        )
    world = World()
    return Running(world, lambda content: world.running.update({QUOTE_FILE: content}))


async def test_the_bytes_that_it_was_started_with_last_are_in_force_and_no_others(running: Running) -> None:
    for content, other in ((b"A=1\n", b"A=2\n"), (b"A=2\n", b"A=1\n"), (b"", b"A=2\n")):
        running.start(content)
        assert await running.deployments.in_force(QUOTE_FILE, content)
        assert not await running.deployments.in_force(QUOTE_FILE, other)
        assert not await running.deployments.in_force(QUOTE_FILE, content + b"\n")


async def test_a_file_that_nobody_has_put_there_is_not_in_force_though_it_is_empty(running: Running) -> None:
    assert not await running.deployments.in_force(f"{FOLDER}/nobody.env", b"")
