"""Deployments of services that share one YAML file: each runs with its own part of it, as plain variables."""

from collections.abc import Mapping
from pathlib import Path

import pygit2
import pytest
from support.configured import parse_config
from support.git_world import MemoryGit

from sre_embedded.servers.forge.checks import _configuration
from sre_embedded.servers.forge.repository import open_repository
from sre_embedded.space.deployed_files import checkout_files, prepare_deployed_files
from sre_embedded.space.environment import SpacePlan
from sre_embedded.space.ports import Ports
from sre_space.adapters.deployed_folder import DeployedFolder
from sre_space.agents.scout.deployment_verifier import DeploymentVerifier
from sre_space.bootstrap.space.state import SpaceState
from sre_space.codec.changes import AnnouncedDeployment
from sre_space.codec.variables import desired_text, parse_variables
from sre_space.deployment.deploy import Deployer, Undeployable
from sre_space.deployment.desired_state import desired_state
from sre_space.deployment.services import DeployedServices
from sre_space.domain.errors import Malformed
from sre_space.domain.health_check import HealthCheck
from sre_space.domain.space_config import SpaceConfig
from sre_space.ports.probe import Health
from sre_space.ports.runtime import Unit

SHOP = "charts/shop.yaml"
TEXT = """\
services:
  basket:
    env: {POOL_SIZE: 5, MODE: "on"}
    memory: 400000000
  price:
    env:
    - name: POOL_SIZE
      value: "7"
    - {name: SECRET, valueFrom: {secret: x}}
    memory: 200000000
"""
CONFIG = """\
space: shop
services:
  basket:
    health: http://127.0.0.1:9001/health
    unit: basket-1
    desired: {file: charts/shop.yaml, key: services.basket.env}
    memory: {key: services.basket.memory}
    tunables:
      POOL_SIZE: {type: integer, max: 9, purpose: connections}
  price:
    health: http://127.0.0.1:9002/health
    unit: price
    desired: {file: charts/shop.yaml, key: services.price.env, format: yaml}
    memory: {key: services.price.memory}
    tunables:
      POOL_SIZE: {type: integer, max: 9, purpose: connections, key: "services.price.env[name=POOL_SIZE].value"}
guardrails: {actions: [set-config], restarts_per_hour: 6, cooldown_seconds: 5, global_concurrency: 2, attempts: 3}
"""


def config() -> SpaceConfig:
    """Return the configuration of two services."""
    return parse_config(CONFIG, {})


class Machine:
    """A runtime with two units that are always well; `started` are those started again."""

    def __init__(self) -> None:
        self.started: list[str] = []

    async def units(self) -> list[Unit]:
        return [await self.unit(name) for name in ("basket-1", "price")]

    async def unit(self, name: str) -> Unit:
        return Unit(name, "running", "1", 1, 1, None)

    async def restart(self, name: str, expected: str) -> Unit:
        self.started.append(name)
        return await self.unit(name)

    async def check(self, check: HealthCheck) -> Health:
        return Health(True, True, "", 0.0)


class Shop:
    """A repository, its deployer, and what was started."""

    def __init__(self, folder: Path) -> None:
        self.git, self.machine, self.config = MemoryGit({SHOP: TEXT.encode()}, lambda: 1), Machine(), config()
        self.state = SpaceState(folder / "state")
        services = DeployedServices(self.state, self.config, self.machine, self.machine)
        self.deployer = Deployer(self.state, self.git, services, None)

    def launches(self) -> None:
        """Write down what each unit is started with, as the launcher does."""
        limits = parse_variables(self.state.limits.read_text(), "limits")
        for unit in ("basket-1", "price"):
            path = self.state.running(unit)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(desired_text(unit, self.state.variables(unit).read_bytes(), limits))

    async def in_force(self) -> bool:
        """Return whether main's file is in force."""
        return await DeployedFolder(self.state.root, self.config.services).in_force(SHOP, self.git.main()[SHOP])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a new one."""
    return Shop(tmp_path)


async def test_the_launcher_and_the_warden_get_plain_variables(shop: Shop) -> None:
    done = await shop.deployer.deploy()

    assert (done.changed, done.restarted) == ((SHOP,), ("basket", "price"))
    assert shop.state.variables("basket-1").read_text() == "POOL_SIZE=5\nMODE=on\n"
    assert shop.state.variables("price").read_text() == "POOL_SIZE=7\n"
    assert shop.state.limits.read_text() == "BASKET_1_MEMORY_BYTES=400000000\nPRICE_MEMORY_BYTES=200000000\n"
    assert shop.state.copy_of(SHOP).read_text() == TEXT


@pytest.mark.parametrize(
    ("old", "new", "restarted"),
    [
        ("POOL_SIZE: 5", "POOL_SIZE: 6", ["basket-1"]),
        ('value: "7"', 'value: "8"', ["price"]),
        ("memory: 200000000", "memory: 300000000", ["price"]),
        ("services:", "# Words.\nservices:", []),
        ("secret: x", "secret: y", []),
    ],
)
async def test_only_whose_part_changed_is_restarted(shop: Shop, old: str, new: str, restarted: list[str]) -> None:
    await shop.deployer.deploy()
    shop.launches()
    assert await shop.in_force()
    base, head = shop.git.heads["main"], shop.git.person_commits(SHOP, old, new)
    shop.machine.started.clear()
    assert not await shop.in_force()

    done = await shop.deployer.deploy()
    shop.launches()

    assert (shop.machine.started, done.changed) == (restarted, (SHOP,))
    assert await shop.in_force()
    verifier = DeploymentVerifier(shop.git, shop.config.services)
    announced = AnnouncedDeployment(head, "started", 1, ("basket", "price"), done.changed, "", base)
    units = {service.unit for name, service in shop.config.services.items() if name in done.restarted}
    assert units == set(restarted)
    assert await verifier.touched(base, announced, await verifier.main(1)) == set(done.restarted)
    assert not (await shop.deployer.deploy()).changes_something


REFUSED: Mapping[str, tuple[str, str, str]] = {
    "nested": ("POOL_SIZE: 5", "POOL_SIZE: {a: 1}", ":3: services.basket.env.POOL_SIZE is no single value"),
    "no part": ("  price:\n    env:", "  price:\n    environment:", ": services.price.env is not there; write"),
    "no name": ("MODE:", "a-b:", ":3: 'a-b' is no name of a variable"),
    "twice": ("{name: SECRET,", "{name: POOL_SIZE, value: 1, ", ":9: POOL_SIZE is here twice"),
    "two lines": ('MODE: "on"', r'MODE: "a\nPATH=/x"', ":3: a variable has one line"),
    "a size": ("memory: 400000000", "memory: 400Mi", ": services.basket.memory is '400Mi'; write a whole number"),
    "an anchor": ("env: {", "env: &a {", ":3: the anchor a is not read here"),
    "not UTF-8": ("services:", "services:\xff", ":1: this is not UTF-8"),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_what_no_service_could_run_with_is_not_deployed(shop: Shop, case: str) -> None:
    await shop.deployer.deploy()
    old, new, why = REFUSED[case]
    shop.git.person_pushes({SHOP: TEXT.replace(old, new).encode("latin-1")})

    with pytest.raises(Undeployable, match=f"^{SHOP}{why}.*; nothing was deployed"):
        await shop.deployer.deploy()

    assert shop.state.copy_of(SHOP).read_text() == TEXT


async def test_a_damaged_file_of_the_state_folder_is_written_again(shop: Shop) -> None:
    await shop.deployer.deploy()
    shop.launches()
    shop.state.variables("price").write_text("POOL_SIZE=70\n")

    done = await shop.deployer.deploy()

    assert (done.changed, done.restarted) == ((SHOP,), ())
    assert shop.state.variables("price").read_text() == "POOL_SIZE=7\n"


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(Malformed, match=r"charts/shop.yaml is not there"):
        desired_state({"deploy/config/space.env": b"A=1\n"}, config())


def test_up_writes_the_variables_of_the_checkout_and_restores_them(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    (checkout / "charts").mkdir(parents=True)
    (checkout / SHOP).write_text(TEXT)
    plan = SpacePlan(SpaceState(tmp_path / "state"), Ports(), checkout / "sre-space.yaml", "o", "r")

    prepare_deployed_files(plan, config())
    variables = plan.state.variables("price")
    assert variables.read_text() == "POOL_SIZE=7\n"
    variables.write_bytes(b"\xff")
    prepare_deployed_files(plan, config())
    assert variables.read_text() == "POOL_SIZE=7\n"

    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "shop.yaml").write_text(TEXT)
    (checkout / SHOP).unlink()
    (checkout / "charts").rmdir()
    (checkout / "charts").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Malformed, match=r"charts/shop.yaml is a link, not a file"):
        checkout_files(plan, config())


def test_the_forge_holds_and_checks_the_file_too(tmp_path: Path) -> None:
    seed = tmp_path / "seed"
    (seed / "charts").mkdir(parents=True)
    (seed / SHOP).write_text(TEXT)
    repository = open_repository(tmp_path / "r.git", seed, config().formats)
    head = repository.references["refs/heads/main"].peel(pygit2.Commit)

    assert desired_state(_configuration(head, config().formats), config()) == {SHOP: TEXT}

    index = pygit2.Index()
    index.read_tree(head.tree)
    target = repository.create_blob(b"../../etc/passwd")
    index.add(pygit2.IndexEntry(SHOP, target, pygit2.enums.FileMode.LINK))
    who = pygit2.Signature("t", "t@t")
    linked = repository.create_commit(None, who, who, "m", index.write_tree(repository), [head.id])
    with pytest.raises(Malformed, match=r"charts/shop.yaml is a link, not a file"):
        _configuration(repository[linked].peel(pygit2.Commit), config().formats)


OWN, MEMORY = "{file: charts/shop.yaml, key: services.basket.env}", "{key: services.basket.memory}"
AT, LIMIT = ":6: services.basket.desired", ":7: services.basket.memory"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (OWN, "{file: ../shop.yaml}", f"{AT}.file: '../shop.yaml' is not a file's path"),
        (OWN, "{file: charts/../../x.env}", f"{AT}.file: 'charts/../../x.env' is not a file's path"),
        (OWN, "{file: /etc/shop.yaml}", f"{AT}.file: '/etc/shop.yaml' is not a file's path"),
        (OWN, "{file: .github/x.yaml}", f"{AT}.file: '.github/x.yaml' is not a file's path"),
        (OWN, f"{{file: {'x' * 201}}}", f"{AT}.file: "),
        (OWN, "{file: ./sre-space.yaml}", f"{AT}: sre-space.yaml is the configuration itself"),
        (OWN, "{file: charts/shop.yaml, key: a..b}", f"{AT}.key: 'a..b' is not a path such as"),
        (OWN, "{file: charts/shop.env, key: a}", f"{AT}: a file in the format env has no parts"),
        (OWN, "{file: a.yaml, format: toml}", f"{AT}.format: 'toml' is not known here; it may be 'env' or 'yaml'"),
        (OWN, "{file: a.yaml, fromat: env}", f"{AT}.fromat: unknown key; did you mean format?"),
        (MEMORY, "{key: a, format: env}", f"{LIMIT}: charts/shop.yaml is yaml elsewhere in this file, and env here"),
        (MEMORY, "{file: x.env, key: a.b}", f"{LIMIT}: a.b is not the name of a key such as POOL_SIZE"),
        (MEMORY, "{file: x.env}", f"{LIMIT}.key: key is missing; add it"),
    ],
)
def test_a_mistake_in_the_places_is_one_sentence_with_its_line(old: str, new: str, told: str) -> None:
    assert old in CONFIG
    with pytest.raises(Malformed) as caught:
        parse_config(CONFIG.replace(old, new), {})
    assert str(caught.value).startswith(f"configuration{told}")
