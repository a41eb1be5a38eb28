"""A deployment over its ports alone: no space, no launcher, no network; only the state folder is real."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.configured import parse_config
from support.git_world import MAIN, MemoryGit

from sre_space.bootstrap.space.state import SpaceState
from sre_space.deployment.deploy import Deployer, Undeployable
from sre_space.deployment.services import DeployedServices
from sre_space.domain.errors import Missing, Refused
from sre_space.domain.health_check import HealthCheck
from sre_space.ports.probe import Health
from sre_space.ports.runtime import State, Unit

CONFIGURATION = (Path(__file__).resolve().parents[3] / "sre-space.yaml").read_text()
FILE, OTHER = "deploy/config/policy-service.env", "deploy/config/user-service.env"


@dataclass
class Machine:
    """A runtime that has two of the three services, and their health; `lives` counts the starts of each."""

    lives: dict[str, int] = field(default_factory=lambda: {"policy-service": 1, "user-service": 1})
    sick: frozenset[str] = frozenset()
    stopped: frozenset[str] = frozenset()
    before_restart: Callable[[], None] = lambda: None

    async def units(self) -> Sequence[Unit]:
        """All."""
        return [await self.unit(name) for name in self.lives]

    async def unit(self, name: str) -> Unit:
        """One."""
        if name not in self.lives:
            raise Missing(name)
        state: State = "stopped" if name in self.stopped else "exited" if name in self.sick else "running"
        return Unit(name, state, str(self.lives[name]), 1, 1, None)

    async def restart(self, name: str, expected: str) -> Unit:
        """As the port says."""
        self.before_restart()
        if expected != str(self.lives[name]):
            raise Refused("another life")
        self.lives[name] += 1
        return await self.unit(name)

    async def check(self, check: HealthCheck) -> Health:
        """By the usual ports."""
        port = {"policy-service": "8002", "user-service": "8003"}
        healthy = not any(port[name] in check.target for name in self.sick)
        return Health(healthy, healthy, "", 0.0)


@pytest.fixture
def git() -> MemoryGit:
    """Return a repository whose main holds the desired state of two services."""
    return MemoryGit({FILE: b"DATABASE_POOL_SIZE=5\n", OTHER: b"DATABASE_POOL_SIZE=5\n"}, lambda: 1)


@pytest.fixture
def machine() -> Machine:
    """Where it is deployed."""
    return Machine()


@pytest.fixture
def deployer(git: MemoryGit, machine: Machine, tmp_path: Path) -> Deployer:
    """Without a bus."""
    state = SpaceState(tmp_path / "not" / "there" / "yet")
    return Deployer(state, git, DeployedServices(state, parse_config(CONFIGURATION, {}), machine, machine), None)


async def test_only_what_changed_is_restarted_and_twice_is_once(
    git: MemoryGit, machine: Machine, deployer: Deployer
) -> None:
    first = await deployer.deploy()
    git.person_commits(FILE, "SIZE=5", "SIZE=7", "Seven connections\n\nand why")
    second, third = await deployer.deploy(), await deployer.deploy()

    assert set(first.restarted) == {"policy-service", "user-service"}  # nobody knows what they run with
    assert (second.subject, second.changed, second.restarted) == (
        "Seven connections", ("policy-service.env",), ("policy-service",),
    )  # fmt: skip
    assert not third.changes_something
    assert (third.commit, third.at) == (second.commit, second.at)
    assert machine.lives == {"policy-service": 3, "user-service": 2}
    assert (deployer.state.deployed / "policy-service.env").read_text() == "DATABASE_POOL_SIZE=7\n"


async def test_whoever_waited_for_another_deployment_does_not_apply_what_main_said_before(
    git: MemoryGit, deployer: Deployer
) -> None:
    before = await deployer.main()
    sha = git.person_commits(FILE, "SIZE=5", "SIZE=7")

    done = await deployer.deploy(before)

    assert done.commit == sha
    assert (deployer.state.deployed / "policy-service.env").read_text() == "DATABASE_POOL_SIZE=7\n"


async def test_the_files_of_a_commit_that_is_known_are_not_read_again(git: MemoryGit, deployer: Deployer) -> None:
    known = await deployer.main()
    await deployer.deploy(known)

    assert git.log.count("read_files") == 1
    assert known.commit == git.heads[MAIN]


async def test_a_service_that_somebody_else_restarts_meanwhile_is_restarted_all_the_same(
    machine: Machine, deployer: Deployer
) -> None:
    meanwhile = iter([True])

    def another() -> None:
        machine.lives["policy-service"] += next(meanwhile, False)

    machine.before_restart = another
    done = await deployer.deploy()

    assert "policy-service" in done.restarted
    assert machine.lives == {"policy-service": 3, "user-service": 2}


async def test_a_service_that_ends_at_its_start_is_told(machine: Machine, deployer: Deployer) -> None:
    machine.sick = frozenset({"user-service"})

    assert (await deployer.deploy()).failed == ("user-service",)


async def test_a_commit_that_does_not_parse_changes_nothing(
    git: MemoryGit, machine: Machine, deployer: Deployer
) -> None:
    await deployer.deploy()
    sha = git.person_commits(FILE, "DATABASE_POOL_SIZE=5", "DATABASE_POOL_SIZE: 5")
    lives = dict(machine.lives)

    with pytest.raises(
        Undeployable, match=r"^deploy/config/policy-service.env:1: .* is not NAME=value; nothing was deployed"
    ) as unfit:
        await deployer.deploy()

    assert unfit.value.commit == sha
    assert machine.lives == lives
    assert (deployer.state.deployed / "policy-service.env").read_text() == "DATABASE_POOL_SIZE=5\n"


async def test_a_plan_makes_no_folder(deployer: Deployer) -> None:
    assert (await deployer.planned()).changes_something
    assert not deployer.state.root.exists()


async def test_a_service_without_a_runtime_gets_its_files_and_is_restarted_by_nobody(
    git: MemoryGit, machine: Machine, tmp_path: Path
) -> None:
    config = parse_config(CONFIGURATION.replace("unit: policy-service", "runtime: none"), {})
    assert not config.services["policy-service"].has_runtime
    state = SpaceState(tmp_path)
    deployer = Deployer(state, git, DeployedServices(state, config, machine, machine), None)
    await deployer.deploy()
    git.person_commits(FILE, "SIZE=5", "SIZE=7")

    done = await deployer.deploy()

    assert (done.changed, done.restarted) == (("policy-service.env",), ())
    assert machine.lives["policy-service"] == 1


@pytest.mark.parametrize("known", [True, False])
async def test_a_service_that_nobody_has_started_gets_its_files_and_is_not_restarted_once_it_runs(
    git: MemoryGit, machine: Machine, deployer: Deployer, known: bool
) -> None:
    await deployer.deploy()
    lives = machine.lives["policy-service"] if known else machine.lives.pop("policy-service")
    machine.stopped = frozenset({"policy-service"})
    git.person_commits(FILE, "SIZE=5", "SIZE=7")
    before = await deployer.deploy()
    machine.lives["policy-service"], machine.stopped = lives, frozenset()  # it starts with the files that are there
    after = await deployer.deploy()

    assert (before.changed, before.restarted) == (("policy-service.env",), ())
    assert not after.changes_something
    assert machine.lives["policy-service"] == lives
